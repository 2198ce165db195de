"""Templates of the synthetic notes, and the names that only the evaluation uses. All are made up.

`{field}` is filled by data_build/phi_notes.py. "plain" lines hold no identifier and look as if they might.
"""

from __future__ import annotations

TRAIN: dict[str, dict[str, list[str]]] = {
    "en": {
        "head": [
            "Patient: {name}\nDOB: {date}\nMRN: {mrn}", "PATIENT NAME: {name}   MEDICAL RECORD NO: {mrn}", "Name: {name}, Age: {age}, Phone: {phone}",
            "{name} (MRN {mrn}) was admitted on {date}.", "RE: {name}, DOB {date}", "Discharge summary for {name}, hospital number {mrn}", "{name} is a {age}-year-old woman with hypertension.",
            "Dear Dr. {otherlast},\nThank you for referring {name}.",
        ],
        "body": [
            "{first} lives at {address} with her husband {otherfirst}.", "Mr. {last} denies chest pain.", "Ms. {last} was seen by Dr. {otherlast} on {date}.", "I spoke with {other}, the patient's daughter, at {phone}.",
            "Her son {otherfirst} can be reached at {phone} or {email}.", "Follow-up with Dr. {other} in two weeks.", "SSN {ssn}; insurance policy {policy}.", "{first} reports feeling better since {date}.",
            "The patient, {name}, consented to the procedure.", "Family moved here from {town} last year.", "{last} tolerated the procedure well.", "We discussed the results with {first} and {otherfirst}.",
            "His grandmother is {old} years old and lives in {town}.", "Nurse {otherlast} called the family.", "Referred by {other}, MD.", "Seen together with {other}.", "Please contact {other} with questions.",
            "Mrs. {last}'s blood pressure was {n}/80.", "Emergency contact: {other} ({phone})", "Portal: {url} last login from {ip}", "Paid by card {card}.", "{other} assisted in the operation.",
            "When {first} was examined, the abdomen was soft.", "Case discussed with {other} and {other}.", "Transported from {town} by ambulance.", "{first} said that {otherfirst} gave her {drug}.", "Yesterday {last} walked {n} metres.",
            "My name is {first}", "Doctor: How are you, {first}?", "Hi {first}, this is {otherfirst} from the clinic.", "{name} of {town} works as a teacher.", "Thanks, {first}", "Is {other} your brother?", "It was {other} who called.",
            "According to {otherlast}, the scan was normal.", "Patient resides in {town}.", "{name}\n{address}", "{otherfirst} and {otherfirst} are his children.", "Could you send it to {other}, {address}?",
        ],
        "plain": [
            "History of {eponym}; takes {drug} {dose} daily.", "Assessment: {eponym} is unlikely.", "Labs: Sodium {n}, Potassium 4.1, Creatinine 1.2 mg/dL.", "Per the 2023 ACC/AHA guideline, start {drug} {dose}.", "Chest X-ray: No acute disease.",
            "Review of Systems: Negative except as noted.", "Impression: Community Acquired Pneumonia.", "Plan: Continue {drug}. Check INR Monday.", "Transferred to Intensive Care Unit.", "She works at Memorial Hospital.", "Allergies: Penicillin, Sulfa.",
            "Physical Exam: Heart rate {n}, BP 120/80.", "Wells score of 3, Glasgow Coma Scale 15.", "The American Heart Association and World Health Organization recommend it.", "Past Medical History: Hypertension, Diabetes Mellitus Type 2.",
            "Start {drug} today, then {drug} {dose} BID.", "Staphylococcus aureus grew in Blood Culture.", "General: Alert. Lungs: Clear. Abdomen: Soft.", "Medicare covers the visit.", "What are my options?", "English and Spanish spoken; American citizen.",
            "Director of Human Resources at a Company in Finance.", "Visa and MasterCard are accepted at the Bank.", "When: Monday | Where: Country Club", "Microsoft and Google announced News on Saturday.", "I want to increase Limit on my Credit Card.",
        ],
        "foot": ["Signed: {other}, MD\n{date}", "Dictated by {other} on {date}", "Dr. {other}\nPhone {phone}", "Electronically signed by {other}, RN", "Sincerely,\n{other}"],
    },
    "zh": {
        "head": ["姓名：{zhname} 性别：女 年龄：{age}岁 住院号：{mrn}", "患者{zhname}，男，{age}岁，因胸痛于{date}入院。", "{zhname}，女，{age}岁，病历号：{mrn}，联系电话：{phone}", "病人姓名：{zhname}\n身份证号：{identity}", "患者姓名：{zhname} 门诊号：{mrn} 就诊日期：{date}"],
        "body": [
            "家住{address}，电话{phone}。", "家属{zhother}（患者之子）表示理解。", "请{zhother}主任会诊。", "{zhlast}医生查房后指示继续抗感染治疗。", "联系人：{zhother}，手机：{phone}", "{date}复查血常规，白细胞8.5×10⁹/L。", "身份证：{identity}，医保卡号：{policy}",
            "{zhname}自诉头晕三天。", "今日{zhname}病情平稳，予出院。", "患者的女儿{zhother}陪同就诊。", "手术由{zhother}主刀，{zhother}协助。", "患者现住址：{address}", "其母亲{old}岁，体健。", "护士{zhother}已告知注意事项。", "与{zhother}沟通病情。", "车牌号{plate}的车辆撞伤。",
            "你好，我叫{zhname}，最近咳嗽。", "{zhlast}先生诉腹痛。", "邮箱{email}接收报告。", "{zhother}医师：建议复查。", "主管医生为{zhother}。", "感谢{zhother}教授的建议。", "转诊自{zhother}医师，{date}。", "昨日{zhname}体温38.5℃。", "经{zhother}同意后行手术。", "嘱{zhname}戒烟。",
        ],
        "plain": [
            "既往高血压病史10年，口服氨氯地平5mg每日一次。", "查体：双肺呼吸音清，未闻及干湿性啰音。", "诊断：社区获得性肺炎，帕金森病待排。", "白细胞计数升高，黄疸明显，方案调整。", "任何不适随时就诊，常规复查。", "根据2023年指南，建议使用阿司匹林100mg。", "心率80次/分，血压130/80mmHg。", "左侧肢体活动受限，温度觉减退。",
            "于夜间出现呼吸困难，经吸氧后缓解。", "成人每次5~10mg，一日3次。", "白天嗜睡，高热不退，水肿消退。", "平时饮食规律，时有反酸。", "应用头孢类抗生素，关节疼痛减轻。", "何时手术由医院决定，包括术前检查。", "马上复查，金属异物，石膏固定，汤药调理。", "余无特殊，全身皮肤无皮疹，安静休息。",
            "连续三天服药，单纯疱疹，强心治疗，宫颈检查。", "叶酸缺乏，钙片补充，花粉过敏，海鲜忌食，牛奶可饮。", "支气管炎，项部强直，毛细血管扩张，骨折，计划生育。", "易疲劳，国家规定，黑便，简单清创，金黄色葡萄球菌。", "建议多喝水，祝您早日康复！", "平卧位，阳性体征，温开水送服，高血脂，边缘清楚。", "向医生咨询，常见原因，路面湿滑摔倒，喻为危象。",
        ],
        "foot": ["记录者：{zhother} {date}", "主治医师：{zhother}\n{date}", "医师签名：{zhother}", "责任护士：{zhother}，联系电话{phone}"],
    },
}  # fmt: skip

EVAL: dict[str, dict[str, list[str]]] = {
    "en": {
        "head": [
            "CLINIC LETTER\nPt: {name}\nBirth date: {date}\nChart number: {mrn}", "Progress note ({date}) - {name}, {age} y/o M", "Encounter for {name}. Account number: {mrn}.", "{name} presented to the emergency department on {date} with dyspnea.",
            "To whom it may concern: {name} (born {date}) is under my care.", "Operative report. Surgeon: {other}. Patient ID {mrn}",
        ],
        "body": [
            "Today {first} complains of a dry cough.", "Miss {last} was brought in by her neighbour, {other}.", "Per {otherfirst}, his wife, he fell on {date}.", "Home address is {address}.", "Mobile {phone}, e-mail {email}.", "Dr {other} will review the biopsy.", "Medicare number {policy}. Social security {ssn}.",
            "Discussed with cardiology ({other}) by telephone.", "The mother of {first} was present.", "He used to live in {town} until {date}.", "A relative aged {old} also had a stroke.", "{last} underwent colonoscopy on {date}.", "Anaesthesia was given by {other}.", "Interpreter {other} attended.",
            "Messages go to {url} (IP address {ip}).", "Copay charged to {card}.", "Prof. {otherlast} agrees with the plan.", "Her brother, {otherfirst}, has the same condition.", "We will call {first} at {phone}.", "Prof {other} saw Mr {last} in the ward.",
        ],
        "plain": [
            "Known {eponym}, on {drug} {dose} twice a day.", "No sign of {eponym} was found.", "Hemoglobin 10.2 g/dL, Platelets {n}, WBC 7.5.", "According to the ESC 2020 recommendations, {drug} is first line.", "CT Abdomen: Normal Liver, Spleen and Pancreas.", "Social History: Retired teacher. Family History: Noncontributory.",
            "Vancomycin trough {n}; Escherichia coli in urine.", "Apgar 8 and 9. Ballard exam consistent with dates.", "Seen in Saint Mary Hospital Emergency Room.", "National Institutes of Health stroke scale was 4.", "Increase {drug} to {dose}; pages 12-15 of the leaflet.",
        ],
        "foot": ["Authenticated by {other}, DO, {date}", "Kind regards,\nDr {other}", "Attending physician: {other}", "cc: {other}, {address}"],
    },
    "zh": {
        "head": ["入院记录\n患者姓名：{zhname}    病案号：{mrn}\n入院时间：{date}", "{zhname}，男性，{age}岁，就诊卡号{mrn}。", "兹证明{zhname}（身份证号码{identity}）于{date}在我院住院。", "主诉：患者{zhname}反复咳嗽一月。", "会诊单 姓名：{zhname} 床号：12 登记号：{mrn}"],
        "body": [
            "患者家庭住址：{address}。", "其配偶{zhother}签署知情同意书。", "{zhother}主任医师查房。", "父亲{zhother}，联系电话{phone}。", "{zhlast}女士要求出院。", "于{date}行阑尾切除术，术者：{zhother}。", "请患者{zhname}按时复诊。", "由{zhother}护士测量血压。", "登记手机号码{phone}，邮箱{email}。", "社保卡号：{policy}",
            "祖父{old}岁，患糖尿病。", "麻醉医师：{zhother}", "{zhname}术后恢复良好。", "向{zhother}交代病情及预后。", "乘坐{plate}救护车来院。", "预约了{zhlast}大夫的门诊。".replace("{zhlast}大夫", "{zhlast}主任"), "听取{zhother}教授意见后调整用药。",
        ],
        "plain": ["有糖尿病史五年，二甲双胍0.5g每日三次。", "神志清楚，查体合作，巩膜无黄染。", "初步诊断：冠心病，房颤。", "血红蛋白120g/L，肌酐88µmol/L。", "参照2020年ESC指南给予利伐沙班20mg。", "向家属解释病情，关注体温变化。", "白蛋白偏低，金葡菌感染可能，温水擦浴。", "常见副作用包括恶心、呕吐，方可继续。", "高度怀疑肺栓塞，应尽快行CT检查。"],
        "foot": ["经治医师：{zhother}", "签名：{zhother}  {date}", "审核医师：{zhother} 报告日期：{date}"],
    },
}  # fmt: skip

LISTS = {
    "given_female": "Agatha Beatrix Celeste Dagmar Delphine Eloise Estelle Ghislaine Guadalupe Henrietta Imogen Ingeborg Jolanta Kamala Lakshmi Lorraine Mirela Nkechi Oksana Philippa Rosalind Saoirse Sunita Tabitha Thandiwe Ulrike Violet Winifred Xiomara Yolanda",
    "given_male": "Alistair Anselm Barnaby Bartholomew Casimir Chidi Conrad Desmond Ebenezer Fergus Gareth Gianluca Horatio Ignacio Jarvis Kasper Leopold Malachi Nigel Obinna Percival Quentin Ramesh Rohan Sanjay Thaddeus Umberto Vikram Wendell Zbigniew",
    "surnames": "Abernathy Adeyemi Ashworth Bhattacharya Blackwood Castellanos Chaudhry Cholmondeley Crawford Czarnecki Dalgaard Donovan Eberhardt Falkenberg Fitzgerald Gallagher Goldstein Hathaway Higginbotham Ikeda Jankowski Kensington Kristjánsson Lindqvist Mazzanti McAllister Nakashima Nwosu Obrecht Oyelaran Pemberton Quintero Rutkowski Satterfield Sepúlveda Tchaikovsky Thornton Underhill Vandermeer Whitfield Winterbourne Yamaguchi Zielinski",
    "cities": "Ballymore Cranford Dunwich Elmsworth Feltham Grantville Hollowbrook Ivybridge Kingsmere Lockhaven",
    "streets": "Acorn Bramble Cobbler Dovecote Falcon Gladstone Heron Kestrel Magnolia Tannery",
    "zh_given_female": "嘉怡 若曦 巧云 素芬 彩霞 碧玉 思琪 语嫣 莉 萍",
    "zh_given_male": "泽宇 启明 承志 兆丰 景行 博文 耀祖 锦程 刚毅 凯 峰 健",
    "zh_cities": "广东省深圳市南山区 江苏省苏州市吴中区 湖北省武汉市武昌区 四川省成都市锦江区 北京市朝阳区",
    "zh_streets": "滨河大道 解放路 珞喻路 春熙路 望京街 金鸡湖路",
}
