"""The blind family of synthetic notes: styles, names and forms that no recogniser was trained on or tuned by.

Written before the recognisers were last worked on, and kept for judging: only its scores were looked at, never a single
miss. The same hand wrote both, and so may have thought of a form while writing a rule: the figures are an upper bound.
Whoever tunes on it has to write another. Names, towns and streets are its own; all are made up, and so are the notes.
In a pattern "#" is a digit, "%" a digit from 2 to 9, "^" a capital letter. Clinics and hospitals are no identifiers here.

    python -m data_build.phi_notes blind 3
"""

from __future__ import annotations

STYLES: dict[str, tuple[dict[str, tuple[str, ...]], ...]] = {
    "en": (
        {  # discharge letter
            "head": ("DISCHARGE LETTER\nRe: {name}  d.o.b. {date}\n{address}\nHospital no: {mrn}", "Dear Colleague,\n\nre. {name}, {age} yrs, of {address}; unit number {mrn}"),
            "body": (
                "This {age} year old lady came in on {date} with a fractured neck of femur.", "{last} went to theatre on {date} under {title} {otherlast}.", "Her niece {otherfirst} will stay with her for a fortnight.",
                "She goes home to {town}, where {other} looks in every morning.", "We have asked {other} (district nurse, {phone}) to take out the clips on {date}.", "Next appointment: {date}, clinic of {title} {otherlast}.",
                "{first} managed the stairs with one stick.", "A copy went to the son, {other}, {address}.", "The warfarin clinic in {town} will ring on {phone}.", "At the age of {old} her mother had the same operation.",
            ),
            "plain": (
                "Discharge medication: {drug} {dose} nocte, Paracetamol 1 g QDS, Macrogol one sachet.", "Hb 98 g/L on discharge, Creatinine {n}, eGFR 54.", "Known {eponym}; otherwise fit and well.", "Waterlow score 14, MUST 1, Abbreviated Mental Test 9/10.",
                "Thromboprophylaxis for 28 days in line with NICE guidance NG89.",
            ),
            "foot": ("Yours sincerely\n\n{other}\nFoundation Doctor, Ward 7B", "{title} {other}\nConsultant Orthopaedic Surgeon\nSecretary: {phone}", "Dictated {date}, typed {date} by {otherfirst} {otherlast}"),
        },
        {  # referral
            "head": ("REFERRAL\nTo: {title} {other}, Dermatology\nFrom: {title} {other}\nPatient: {name} ({date})", "Thanks for seeing {name}, whose number is {phone}.", "Urgent referral - suspected cancer. Surname: {last} Forename: {first} NHS number {nhs}"),
            "body": (
                "{first} first noticed the lump in {monthyear}.", "Works as a roofer in {town}.", "{otherfirst} (wife) is worried about melanoma, as her uncle {otherfirst} died of it.", "He prefers letters to {address}.",
                "Previously under {title} {otherlast}, last seen {date}.", "Best reached on {phone} after six, or by writing to {email}.", "Insured with policy no. {policy}.", "I would value your opinion on whether {last} needs a biopsy.",
                "Please copy {title} {otherlast} into your reply.", "Carer: {other}, {relation}.",
            ),
            "plain": (
                "A pigmented lesion of 9 mm on the left calf, Breslow thickness unknown.", "Allergic to Elastoplast and {drug}.", "No family history of {eponym}.", "Fitzpatrick skin type II, ECOG 0.", "Bloods: Ferritin {n}, TSH 2.1, Vitamin D 44.",
            ),
            "foot": ("With kind regards\n{other}", "{title} {otherlast}\nTel {phone}  Fax {phone}", "Referrer: {other} | GMC {gmc} | {date}"),
        },
        {  # nursing note
            "head": ("{date} 0715 Handover. Bed 4: {name}, {age}F, MRN {mrn}.", "NURSING ENTRY {date}\n{last}, {first} / {mrn}", "Night shift, {date}. Pt {name} slept in naps."),
            "body": (
                "Took over care from {otherfirst}.", "{first} refused her breakfast but drank 200 ml.", "Daughter {other} phoned, call back on {phone}.", "Dressing changed with {otherfirst} assisting.", "{title} {otherlast} informed at 0340 and attended.",
                "Pt's partner {otherfirst} visited from {town}.", "Mr {last} c/o pain 6/10, prn given.", "Valuables (watch, bank card {card}) in the safe, witnessed by {other}.", "Fell on {date}, no injury, family told.", "Escorted to X-ray by porter {otherfirst}.",
                "Chaplain {otherlast} came by.", "{first} tearful, sat with her.",
            ),
            "plain": (
                "Obs stable: BP 118/72, HR {n}, SpO2 96% on air, Temp 36.8.", "NEWS 2. Braden 17. Pain settled.", "{drug} {dose} given as charted at 0600.", "Foley catheter draining clear Urine, 1200 ml.", "Barrier Nursing continued; Norovirus screen sent.", "Turned every 2 hours, Heels intact.",
            ),
            "foot": ("{otherfirst} {otherlast} RN", "- {other}, Staff Nurse", "Signed {other} {date}"),
        },
        {  # emergency room
            "head": ("ED PHYSICIAN NOTE\nName {name} | Sex F | DOB {date} | Acct {account}\nArrival: {date}", "EMERGENCY DEPARTMENT CHART - {last}, {first} - Visit ID {mrn}", "CC: chest tightness. HPI: {name} is a {age}yo M BIBA from {address}."),
            "body": (
                "EMS run sheet lists vehicle {usplate}.", "Per bystander {other} pt collapsed at the bus station in {town}.", "Wife ({otherfirst}, {phone}) at bedside.", "PCP: {other}. Pharmacy: {phone}.", "D/w {title} {otherlast}, cards fellow, who accepts.",
                "Pt states he last used on {date}.", "Driver's license {licence}, SSN {ssn}.", "Signed out to {title} {otherlast} at shift change.", "Roommate {otherfirst} found {first} on the floor.", "Return visit from {date}.", "Grandfather had an MI at {old}.", "Scribe: {other}",
            ),
            "plain": (
                "EKG: Normal sinus rhythm, no ST elevation. Troponin {n}.", "HEART score 4; PERC negative; Wells 0.", "MDM: Doubt dissection, doubt PE.", "Given {drug} {dose} IV x1, Zofran 4 mg.", "Murphy's sign negative, Kernig negative.", "Disposition: Home. Return precautions discussed.",
            ),
            "foot": ("Electronically authenticated: {other}, MD {date}", "Attending: {title} {other}", "Resident {otherlast}, Attending {otherlast}"),
        },
        {  # chat with a patient
            "head": ("[{date}] {first}: Hello, is anyone there?", "Agent {otherfirst} joined the chat.\n{first}: hi, I'm {name} and I can't log in", "{name}: Good morning, I have a question about my results from {date}."),
            "body": (
                "{otherfirst}: Hi {first}, may I have your date of birth?\n{first}: {date}", "{first}: my mobile is {phone}", "{first}: you can mail me at {email}", "{otherfirst}: I have passed this on to {title} {otherlast}.", "{first}: {title} {otherlast} told me to stop the tablets.",
                "{first}: I moved, it is now {address}", "{first}: my husband {otherfirst} has it too", "{otherfirst}: Is your member number still {policy}?", "{first}: I am staying with {otherfirst} in {town} till {date}", "{otherfirst}: Please upload it at {url}",
                "{first}: The card ends... sorry, it is {card}", "{otherfirst}: Take care, {first}!",
            ),
            "plain": (
                "Should I take the Ibuprofen with food?", "It says Cholesterol 6.1, is that bad?", "I read about {eponym} on Wikipedia.", "Take {drug} {dose} in the evening.", "OK. Thank you so much.", "If you have chest pain, call 911.",
            ),
            "foot": ("Chat ended by {otherfirst}.", "{first}: bye {otherfirst}, thanks", "Transcript saved {date}, client address {ip}"),
        },
        {  # laboratory report
            "head": ("LABORATORY REPORT\nPatient....: {last} {first}\nBorn.......: {date}\nLab number.: {mrn}\nRequester..: {title} {otherlast}", "Sample ID: {mrn}   Collected: {date}   Received: {date}\nName: {name}"),
            "body": ("Phoned to {other} at 14:20.", "Repeat of sample {mrn} from {date}.", "Phlebotomist: {otherfirst}", "Result released by {other}.", "Invoice to {name}, {address}.", "Questions: {phone} or {email}", "Bill to member ID {policy}"),
            "plain": (
                "Sodium            139    mmol/L   (135-145)", "Haemoglobin A1c   52     mmol/mol", "Leukocytes        {n}.2   10^9/L", "Gram stain: Gram-positive cocci in clusters", "Coombs test negative; Rhesus D positive", "CA 19-9 37 U/mL, Bence Jones protein absent", "Culture: Klebsiella pneumoniae, sensitive to {drug}",
            ),
            "foot": ("Validated: {other}, {date}", "Reported {date} by {title} {otherlast}", "Head of laboratory: {title} {other}"),
        },
        {  # pathology
            "head": ("SURGICAL PATHOLOGY\nAccession {accession}\n{name}  {age}/F  MR# {mrn}\nSubmitted by {other}, MD", "HISTOPATHOLOGY REPORT {accession}  Patient {name}  Date of receipt {date}"),
            "body": ("Gross: received in formalin, labelled \"{last}, {first}\", is a core of tan tissue.", "Reviewed with {title} {otherlast} at the double-headed microscope.", "Compared with slides {accession} of {date}.", "Findings were discussed with {title} {otherlast} on {date}.", "Clinical information from {other}: breast mass.", "Consultation requested by {other} in {town}."),
            "plain": ("Invasive carcinoma, Nottingham grade 2, ER positive, HER2 1+.", "Ki-67 approximately 20%. Margins clear by 4 mm.", "Gleason 3+4=7, Paneth cells present.", "Reed-Sternberg cells consistent with Hodgkin lymphoma.", "Ziehl-Neelsen and Congo Red stains negative.", "Staging: pT2 N0 Mx."),
            "foot": ("{other}, M.D., Pathologist\n(Electronic signature {date})", "Pathologist: {title} {otherlast}", "Signed out {date} - {other}"),
        },
        {  # consent
            "head": ("CONSENT TO TREATMENT\nI, {name}, born {date}, residing at {address}, agree to the following.", "Consent form 1 - Patient's surname {last}, first names {first}, hospital {mrn}"),
            "body": ("I authorise {title} {other} to perform a laparoscopic cholecystectomy.", "The risks were explained to me by {other} on {date}.", "I allow my sister {other} to receive information ({phone}).", "Passport {passport}.", "Witness: {other}, {address}", "Interpreter's name {other}, language Tigrinya.", "My records may go to {email}."),
            "plain": ("Bleeding, infection, bile duct injury (less than 1 in 200).", "I may withdraw this Consent at any time.", "Alternatives: Watchful waiting, {drug}.", "General Anaesthesia will be used.", "This form follows the Mental Capacity Act."),
            "foot": ("Signature of patient: {name}     Date: {date}", "Parent/guardian {other}  Date {date}", "Doctor {otherlast}, {date}"),
        },
        {  # e-mail
            "head": ("From: {other} <{email}>\nTo: {other} <{email}>\nSent: {date}\nSubject: {last} - MRI", "Subject: FW: {name} {mrn}\n\nHi {otherfirst},", "Dear {title} {otherlast},\n\nI am writing about my father, {name}, who was in your ward until {date}."),
            "body": ("Could you ring {other} at {phone} before noon?", "The family of {last} would like a meeting with {otherfirst} and me.", "I attach the images from {town}.", "{otherfirst} in billing says account {account} is overdue.", "We saw {first} on {date} and again in {monthyear}.", "His address has changed to {address}.", "{otherfirst}, can you chase this?", "The report is at {url}.", "As {otherlast} mentioned, the scan shows no change."),
            "plain": ("MRI Brain: no restricted diffusion.", "Let us discuss at the Tuesday MDT.", "Please do not reply to this Message.", "{eponym} seems unlikely to me.", "I would start {drug} {dose}."),
            "foot": ("Best wishes,\n{otherfirst}", "Thanks\n{other}\nDepartment of Neurology\nT: {phone}", "Kind regards, {other}, ext. {ext}"),
        },
    ),
    "zh": (
        {  # 门诊病历
            "head": ("门诊病历\n姓  名：{zhname}  性  别：男  年  龄：{age}岁\n就诊时间：{date}  门诊号：{mrn}", "{date} 呼吸内科门诊\n患者{zhname}，{age}岁，诉咳嗽咳痰一周。", "【基本信息】{zhname}/女/{age}岁/卡号{mrn}"),
            "body": ("陪诊人：{zhother}（丈夫），{phone}", "曾于{date}在{zhother}主任处就诊。", "现居{address}。", "{zhother}大夫开具的药物已停用。", "约{date}复诊，届时请找{zhother}医生。", "其父{zhother}有同样病史。", "{zhname}对青霉素过敏。", "身份证号码：{identity}", "母亲现年{old}岁。", "发票寄至{address}，收件人{zhother}。"),
            "plain": ("查体：咽部充血，扁桃体Ⅰ度肿大，双肺未闻及啰音。", "处理：{zhdrug}0.25g口服，每日两次。", "血常规：白细胞10.2×10⁹/L，中性粒细胞78%。", "印象：急性支气管炎。", "注意休息，清淡饮食，不适随诊。", "布鲁津斯基征阴性。"),
            "foot": ("医生签章：{zhother}", "接诊医生 {zhother} {date}", "医师：{zhother}（主治）"),
        },
        {  # 出院小结
            "head": ("出院小结\n科室：心内科  床号：23  姓名：{zhname}  病案号：{mrn}\n入院：{date}  出院：{date}", "{zhname}（{age}岁，住院号{mrn}）因“反复心悸3月”收住我科。"),
            "body": ("入院后由{zhother}副主任医师主管。", "{date}在局麻下行射频消融术，术者{zhother}、{zhother}。", "出院后如有不适请联系{zhother}（{phone}）。", "家属{zhother}已领取出院带药。", "{zhname}及其儿子{zhother}对治疗表示满意。", "患者系{zhtown}人，长期居住于{address}。", "复查时间：{date}。", "医保号：{policy}。", "{zhlast}主任建议继续抗凝。"),
            "plain": ("出院诊断：1.阵发性心房颤动 2.高血压病2级 3.帕金森综合征", "出院带药：{zhdrug}5mg，每日一次。", "心脏彩超：左房前后径42mm，EF 60%。", "CHA2DS2-VASc评分3分，HAS-BLED评分1分。", "住院期间无发热，大小便正常。", "出院情况：一般情况可，切口甲级愈合。"),
            "foot": ("经管医师：{zhother}  {date}", "住院医师：{zhother}／主治医师：{zhother}", "{zhother}\n{date}"),
        },
        {  # 护理记录
            "head": ("护理记录单  床号5  {zhname}  女  {age}岁  {mrn}", "{date} 08:00 接班，患者{zhname}神志清。", "一般护理记录 姓名{zhname} 日期{date}"),
            "body": ("{zhother}护士长查房，指示加强翻身。", "{zhname}诉切口疼痛，告知{zhother}医生。", "家属{zhother}陪护，电话{phone}。", "协助{zhname}下床活动。", "与{zhother}共同核对医嘱。", "遵{zhother}医嘱给予吸氧。", "夜班由{zhother}接替。", "患者手机{phone}已交{zhother}保管。", "{zhlast}阿姨今日进食半流质。"),
            "plain": ("体温36.7℃，脉搏82次/分，血压126/78mmHg。", "引流管通畅，引出淡血性液50ml。", "Braden评分16分，床栏已拉起。", "{zhdrug}静脉滴注，滴速40滴/分，无不良反应。", "皮肤完整，无压疮，留置导尿。", "宣教防跌倒知识，患者表示了解。"),
            "foot": ("护士：{zhother}", "签名 {zhother}/{zhother}", "记录人{zhother} {date}"),
        },
        {  # 聊天
            "head": ("{zhname}：医生您好，我是上次来看过的{zhname}。", "用户{zhname}于{date}发起咨询", "患者：你好，我妈妈叫{zhname}，今年{age}岁。"),
            "body": ("医生{zhother}：您好，请问哪里不舒服？", "患者：上周{zhother}医生让我做的CT。", "患者：我的电话是{phone}，微信同号。", "客服：请把资料发到{email}。", "患者：我住{address}，能上门吗？", "患者：我老公{zhother}也发烧了。", "客服{zhother}为您服务。", "患者：{date}晚上开始疼的。", "医生：{zhlast}女士，建议您来院检查。", "患者：我是{zhtown}的，过去不方便。", "患者：替{zhother}问一下报告。", "患者：身份证{identity}，麻烦挂号。"),
            "plain": ("患者：需要空腹吗？", "医生：可以吃{zhdrug}，一天三次，一次一片。", "医生：多喝水，注意观察体温。", "患者：好的，谢谢医生。", "患者：血糖7.8高吗？", "医生：平时有没有高血压、糖尿病？"),
            "foot": ("医生{zhother}结束了咨询。", "本次服务由{zhother}医生提供，{date}", "患者：谢谢{zhlast}医生！"),
        },
    ),
}  # fmt: skip

PATTERNS: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "date": ("{d} {Month} {y}", "{d}{th} {Month} {y}", "{Month} {d}, {y}", "{Mon} {d} {y}", "{dd}.{mm}.{y}", "{dd}/{mm}/{yy}", "{mm}/{dd}/{y}", "{y}-{mm}-{dd}", "{y}/{mm}/{dd}", "{dd}-{Mon}-{yy}", "{Weekday}, {Month} {d}{th}", "{Wd} {d} {Mon} {y}", "the {d}{th} of {Month}", "{dd} {MON} {y}", "{m}/{d}/{yy}", "{y}-{mm}-{dd} {HH}:{MM}"),
        "monthyear": ("{Month} {y}", "{Mon} {y}", "{mm}/{y}"),
        "phone": ("(%##) %##-####", "%##-%##-####", "%##.%##.####", "+1 (%##) %##-####", "1-%##-%##-####", "%##-%##-#### ext. ###", "(%##) %##-#### x####", "020 7### ####", "01### ######", "07### ### ###", "+44 7### ######", "+49 30 #######", "+33 6 ## ## ## ##", "+61 4## ### ###", "+91 98### #####", "0049 89 ######", "+86 138 #### ####", "%##%######"),
        "mrn": ("######", "#######", "########", "^######", "^^######", "##-##-##", "###-##-###", "^##/#####", "00#######"),
        "nhs": ("### ### ####", "##########"),
        "policy": ("^^^########", "^########", "###-##-####-^", "^^ ## ## ## ^"),
        "account": ("########", "^-#######", "####-####-##"),
        "accession": ("S##-#####", "SP-##-####", "H##/#####"),
        "licence": ("^#######", "^###-####-####"),
        "passport": ("#########", "^########"),
        "gmc": ("#######",),
        "ssn": ("###-##-####",),
        "usplate": ("^^^-####", "#^^^###"),
        "ext": ("####",),
        "email": ("{given}.{surname}@mailhaven.example", "{given}##@inkpost.example.net", "{surname}_^@clinic-north.example.org", "{given}{surname}@webpost.example.co.uk"),
        "url": ("https://files.wardlink.example/r/#####", "http://records.example.org/view?id=####&k=^^", "www.mychart-north.example.com/inbox/####"),
        "address": ("{num} {street} {way}, {city} {state} #####", "{num} {street} {way}\n{city}, {state} #####-####", "{num} {street} {way}, Apt {flat}, {city}, {state} #####", "Flat {flat}, {num} {street} {way}, {city} ^^# #^^", "{num} {street} {way}, {city}", "{num}{letter} {street} {way}", "{num} {dir} {street} {way}, Unit {flat}, {city}, {state}", "P.O. Box {num}, {city}, {state} #####", "The Old Mill, {street} {way}, {city} ^^## #^^", "{street}straße {num}, ##### {city}", "{num} rue {street}, ##### {city}", "{num} {street} {way} #{flat}, {city}, {stately} #####"),
    },
    "zh": {
        "date": ("{y}年{m}月{d}日", "{y}-{mm}-{dd}", "{y}.{m}.{d}", "{y}/{mm}/{dd}", "{m}月{d}号", "{y}年{mm}月{dd}日 {HH}:{MM}", "{m}月{d}日", "{y}{mm}{dd}", "{yy}年{m}月{d}日", "{zhyear}年{zhmonth}月{zhday}日", "{y}年{m}月"),
        "phone": ("13#########", "18#########", "199########", "15# #### ####", "17#-####-####", "010-########", "0571-########", "(021)########", "+86 136########", "0755-########转###"),
        "mrn": ("########", "##########", "^#######", "ZY####-####", "0000######", "######"),
        "policy": ("#########", "^########", "############"),
        "email": ("{given}##@youxiang.example.cn", "wx_########@kuaixin.example.com"),
        "address": ("{zhcity}{zhstreet}{num}号", "{zhcity}{zhstreet}{num}弄{flat}号{flat}0#室", "{zhcity}{zhstreet}与{zhstreet}交叉口", "{zhcity}{zhestate}{flat}栋{flat}单元{num}室", "{zhcity}{zhvillage}{flat}组", "{zhcity}{zhvillage}{num}号", "{zhcity}{zhestate}{flat}号楼{num}"),
    },
}  # fmt: skip

LISTS: dict[str, str] = {
    "given": "Aoife Araminta Bjørn Brayden Chiamaka Clifford Cordelia Dariusz Darnell Devika Doreen Ebony Eun-ji Farrukh Gladys Gwendolyn Hamza Hyacinth Ikram Jaroslav Jolene Katarzyna Kerensa Latoya Lucinda Mairead Marjorie Mihai Nadezhda Norma Oluwaseun Phoebe Prakash Quang Rebekah Rhys Roisin Salma Siobhan Stanislav Tariq Tatiana Tyrone Uchenna Venkatesh Wilhelmina Xavi Yevgenia Yoshiko Zacharias Zuzana Jean-Baptiste Ji-woo",
    "surname": "Achterberg Al-Hashimi Balogun Beaumont Bosworth Cavendish Cisneros D'Souza Deshpande El-Sayed Fairweather Ferreira-Lopes Gonçalves Guillory Haverford Holloway Hollingsworth Igwe Iyer Jørgensen Kaczmarek Kowalczyk Lindgren Lockhart MacGregor Mayfield McGillicuddy Mukherjee Ng Nightingale O'Shaughnessy Ochoa Papadopoulos Petrosyan Pham Prescott Pruitt Quispe Rosenbaum Sandhu Sinclair Steinmetz Szymanski Tembo Thistlewood Tillman Trujillo Uddin Vance Villanueva Weatherby Yeboah Zimmerman",
    "city": "Abbotsmoor Birchington Carrow Dellwood Eddlestone Farnleigh Gullane Hexbridge Inverlochy Kirkwall Lower-Marsh Montclair Netherby Ostrava Pontefract Ravensburg Saltburn Tewksbury Uppingham Wexcombe",
    "street": "Ambleside Beechnut Copperfield Dunstan Everglade Foxglove Greenaway Harbour Ivy Jasper Keswick Lavender Mulberry Nettle Orchid Partridge Quarry Rookery Saffron Tulip Vineyard Wisteria",
    "way": "Street Road Avenue Lane Drive Close Court Crescent Way Boulevard Terrace St. Rd Ave Blvd Dr",
    "state": "WA IL FL MA OR GA NC",
    "stately": "Oregon Illinois Massachusetts Georgia",
    "dir": "N S East West",
    "title": "Dr Dr. Mr Mrs Ms Prof. Professor",
    "relation": "son daughter neighbour",
    "zh_given": "雨桐 梓涵 一鸣 昕怡 楚乔 凌霄 瑞雪 沐阳 晨曦 奕辰 佩瑶 宝珠 银花 来娣 长贵 满仓 得胜 援朝 跃进 向阳 洪福 守信 世昌 仲谋 惠兰 月娥 香莲 腊梅 翠花 冬梅 秋菊 彦 琳 琦 璐 琛 昊 霖 栋 颖 莹 蕾 薇 旭 辉 炜",
    "zhcity": "辽宁省大连市中山区 福建省厦门市思明区 湖南省长沙市岳麓区 安徽省合肥市包河区 西安市雁塔区 重庆市渝中区 昆明市五华区 山东省济宁市曲阜市",
    "zhstreet": "虎滩路 莲前西路 桃子湖路 芜湖路 小寨东路 较场口正街 龙泉路 黄河大道 花溪巷",
    "zhestate": "翡翠城小区 锦绣花园 滨江新村 阳光家园 金色年华公寓",
    "zhvillage": "石桥镇大王庄村 双河乡杨树湾村 清水镇柳林村",
    "zhtown": "大连 厦门 长沙 曲阜 昆明",
    "zhdrug": "阿莫西林胶囊 头孢克肟 比索洛尔 呋塞米 布洛芬 左氧氟沙星",
}  # fmt: skip
