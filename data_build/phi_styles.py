"""Styles of notes that the name model is trained on, beside the templates of data_build/phi_templates.py.

Sentences are put together from lists (who, says, does, with whom), so that a name is seen in many thousand surroundings and
none is learnt by heart. They share no line and no name with the families "eval" and "blind". "plain" lines hold no
identifier and are full of capital words that are none: drugs, organisms, headings, hospitals, organisations.
"""

from __future__ import annotations

STYLES: dict[str, tuple[dict[str, tuple[str, ...]], ...]] = {
    "en": (
        {  # prose of letters and notes
            "head": ("{name}, {age}, {gender}.", "{salute} {otherlast},", "{salute} {title} {otherlast},", "{heading}: {name}", "{name}\n{address}", "Regarding {name} ({date})", "{date}\n\n{name} was {did} {today}.", "{heading} for {title} {last}, {date}", "{name} | {date} | {mrn}", "{last}, {first} ({mrn})", "{name} {did} on {date}."),
            "body": (
                "{first} {did} {today}.", "{last} {did} {today}.", "{title} {last} {does} {thing}.", "{first} {does} {thing} and {does} {thing}.", "{today}, {first} {did} {adverb}.", "{other} {did} {today}.", "{other}, {role}, {did} {thing}.", "{role} {other} {did} {today}.", "{role} {otherfirst} {did} {today}.",
                "Her {relation} {otherfirst} {does} {thing}.", "His {relation}, {other}, {did} {today}.", "The {relation} ({other}) {did} {thing}.", "{did2} {prep} {other} {today}.", "{did2} {prep} {title} {otherlast}.", "{did2} {prep} {otherfirst}, {relation}.", "{did2} {prep} {first}.", "{did2} {prep} {otherfirst} and {otherfirst}.",
                "{first}'s {body} was {adjective}.", "{last}'s {relation} {did} {today}.", "{prep2} {other}, {thing} {is} {adjective}.", "{prep2} {otherlast}, {thing} {is} {adjective}.", "I {did} {prep} {otherfirst} {today}.", "We {did} {other} {today}.", "Please {do} {other} {prep} {thing}.", "{do2} {other} at {phone}.", "{role2}: {other}", "{role2} {other}", "{role2} - {other}, {degree}", "{other}, {degree}",
                "{other} ({role})", "{thing2} {prep} {other}", "{relation2}: {other}, {phone}", "{relation2} {other} {phone}", "{first} lives in {town} with {otherfirst}.", "She {did} {prep} {town} in {monthyear}.", "He comes from {town}.", "{thing2} in {town} on {date}.", "{first} moved from {town} to {town}.", "{did2} to {town}.", "Living at {address}.", "Address: {address}", "{other}\n{address}",
                "When {first} {did}, {thing} {is} {adjective}.", "If {first} {does} {thing}, {do} {other}.", "{did2} {today} by {other}.", "Seen {today} by {otherlast}.", "{today} {other} {did}.", "{first}, {otherfirst} and {otherfirst} {did} {today}.", "{other}, {other} and {other} {did}.", "cc {other}, {town}", "{heading}: {other} {did} {thing}.", "({other}, {relation})", "\"{thing} {is} {adjective},\" {said} {otherfirst}.", "{otherfirst} {said} {thing} {is} {adjective}.",
                "{adverb2}, {first} {did}.", "{did2} {prep} {role} {otherfirst} {otherlast}.", "It was {otherfirst} who {did}.", "Is {otherfirst} {adjective}?", "Who is {other}?", "{title} {other} {did} {thing}.", "{title} {otherlast} and {title} {otherlast} {did}.", "{thing2}: {date}", "{first} is {old} years old.", "Age {old}.", "The widow of {other}, {first} {does} {thing}.", "Both {otherlast} and {otherlast} {did}.", "{first} and her {relation} {otherfirst} {did} {today}.",
                "{other}: {did}", "{thing2} / {other}", "{thing2} (Dr {otherlast})", "{role2} {otherlast} / {role2} {otherlast}", "{did2} {today} - {other}", "{other} {date}", "{did2}, {other}.", "{varied} {did} {today}.", "{did2} {prep} {varied}.", "{varied}, {role}, {did} {thing}.", "{relation2}: {varied}", "{role2}: {varied}", "{role2} {varied}", "{varied} and {varied} {did}.", "{varied}", "{varied}, {degree}", "({varied})", "{title} {varied} {did}.", "{prep2} {varied}, {thing} {is} {adjective}.", "{variedfirst} {did} {today}.", "{adverb2} {variedfirst} {did}.", "{role} {variedfirst} {did}.", "{said} {variedfirst}, {today}",
                "{varied} {said} {thing} {is} {adjective}.", "{thing2}: {varied}", "{varied}\n\n{num} {street} {way}", "{varied}\n{facility}\n{address}", "{varied}\n{role2}\n{org}", "{thing2} {prep} {varied} ({relation})", "the {body} of {variedfirst}", "{variedfirst}'s {relation} {did}.", "What is your name? {varied}", "her name is {varied}", "named {variedfirst}", "{varied} lives at {address}", "{varied} is from {town}", "User: {varied}", "> {varied}", "{said} {varied}.", "Unlike {varied}, {thing} {is} {adjective}.", "the {adjective} {otherlast} {thing}",
            ),
            "plain": (
                "{heading}: {lab} {n}, {lab} {n}.4, {lab} {n}.", "{heading}: {drugx} {dose} {freq}, {drugx} {dose}.", "{Thing} {is} {adjective}.", "{bug} grew in {heading}.", "{heading}: {Adjective}. {heading}: {Adjective}.", "{drugx} was {did} {today}.", "{facility} {did} {thing}.", "Transferred to {facility}.", "{org} recommends {drugx}.", "{org} and {org} {did}.", "{eponym} was {adjective}.", "{eponymx} {n}.", "{Today} the {body} was {adjective}.",
                "{lab}: {n}", "{lab} {n} ({n}-{n})", "{drugx}, {drugx} and {drugx} were {did}.", "{Adverb}, {thing} {is} {adjective}.", "{Do} {thing} {today}.", "The {org} {did} the {heading}.", "{heading} - {heading} {n}", "{language} interpreter {did}.", "{heading} in {country}.", "{weekday} {heading}", "{facility}, {heading}", "{drugx} {dose} {freq}", "{bug}, {bug} and {bug}", "{heading} {is} {adjective}", "{HEADING}", "{HEADING}: {thing}", "{Body}: {adjective}.", "{Thing} {prep} {org}.", "{Does} {thing}.", "{Did2} {today}.", "Per {org}, {thing} {is} {adjective}.",
                "{lab} / {lab} / {lab}", "{eponymx} and {eponymx} {is} {adjective}.", "{Thing} by {drugx}.", "{Thing2} {prep} {facility} in {country}.", "{Thing2}: {Adjective}", "{Thing2}", "{Said} {thing} {is} {adjective}.", "I {did} {thing} {weekday}.", "{heading} {lab} {n}; {lab} {n}",
            ),
            "foot": ("{closing}\n{other}", "{closing},\n{otherfirst}", "{role2} {other}, {degree} {date}", "{role2}: {title} {other}", "{other}", "{other}, {degree}", "{thing2} {date} {other}", "{closing}\n\n{title} {otherlast}\n{role2}\n{phone}", "- {otherfirst} {otherlast} {degree}", "{did2} by {other} {date}", "{otherfirst}", "{other} - {date}"),
        },
        {  # forms and reports, one field a line
            "head": ("{label}: {name}\n{label2}: {date}\n{label3}: {mrn}", "{label}   {last}, {first}\n{label3} {mrn}", "{LABEL}: {name}  {label2}: {date}", "{label}....... {last} {first}\n{label2}....... {date}", "{HEADING}\n{label}: {name} ({age} {gender})", "{label} {name}, {label2} {date}, {label3} {mrn}"),
            "body": ("{role2}: {other}", "{role2}....: {title} {otherlast}", "{relation2}: {other}", "{label2}: {date}", "{label3} {policy}", "Contact: {other}, {phone}", "{label4}: {address}", "E-mail: {email}", "{role2} {other} ({phone})", "Ordering: {other}; copy: {other}", "{role2}: {last} / {otherlast}", "{label4} {address}", "{thing2} by: {other}", "{thing2} to {other} at {n}:30", "From: {other} <{email}>\nTo: {other}", "{role2} / {relation2}: {other} / {other}", "Subject: {last}, {first}", "{role2}: {otherlast}", "\"{last}, {first}\"", "{other} ({role2})", "{thing2} {prep} {otherlast}", "{role2}: {varied}", "{relation2} {varied}", "{label}: {varied}", "{varied} ({role2})", "{role2}.... {varied}", "{thing2} by {varied} {date}", "{varied} / {varied}"),
            "plain": ("{lab}   {n}   mmol/L   ({n}-{n})", "{lab}: {n} mg/dL", "{heading}: {Adjective}", "{HEADING}", "{heading}: {bug}", "{label}: see above", "{Body}: {Adjective}. {Body}: {Adjective}.", "{heading}: {thing}", "{drugx}: S   {drugx}: R   {drugx}: I", "{eponymx} {Adjective}", "{facility}\n{HEADING}", "Insurance: {org}", "Language: {language}   Country: {country}", "Status: {Adjective}", "{heading}: {facility}", "{label4}: {facility}", "{role2}: see {heading}", "{thing2}: {Adjective}", "{heading}: {weekday}"),
            "foot": ("{role2}: {other} {date}", "Signed: {other}", "Validated {date} {title} {otherlast}", "{other}, {degree} {role2}", "Signature: {other}   Date: {date}", "{role2}\n{other}", "/{other}/"),
        },
        {  # messages
            "head": ("{first}: {hello}", "{otherfirst}: {hello} {first}, {question}", "{hello} {otherfirst},", "[{date}] {first}: {hello}", "{first} {last} ({n}:12): {hello}", "{hello}, my name is {name}", "{hello}, this is {name}"),
            "body": ("{first}: {sentence}", "{otherfirst}: {question}", "{otherfirst}: {sentence}", "{first}: I {did} {prep} {otherfirst} {today}", "{first}: {title} {otherlast} {did} me {thing}", "{otherfirst}: Thanks {first}, {question}", "{hello} {first}, {sentence}", "{sentence}, {first}.", "{first}: it's {date}", "{first}: {phone}", "{first}: my {relation} {otherfirst} {does} {thing}", "{otherfirst}: ok {first}", "{otherfirst}: {sentence}, {first}", "{first}: I'm {first}", "I'm {otherfirst} and {sentence}", "{first}: I live in {town}", "{first}: it's {address}", "{otherfirst}, {question}", "{role2} {otherfirst}: {sentence}", "{first}, {sentence}", "{first}: \"{sentence}\" {said} {otherfirst}", "{variedfirst}: {sentence}", "{variedfirst}: {question}", "{varied}: {sentence}", "{variedfirst} {said} to {variedfirst}: {question}", "{variedfirst}: ok {variedfirst}", "{variedfirst}, {question}", "I'm {variedfirst}", "thank you {variedfirst}", "{hello} {variedfirst}!"),
            "plain": ("{Question}", "{Sentence}.", "{hello}! {Sentence}.", "Me: {sentence}", "Doctor: {question}", "Patient: {sentence}", "Nurse: {question}", "I {did} {drugx} {today}.", "{drugx}? {Question}", "{eponymx}: {question}", "{Adverb}, {sentence}.", "{Said} {org} {did} {thing}.", "OK. {Sentence}.", "Note: {sentence}", "Question: {question}", "Warning: {sentence}", "Yes. {hello}.", "System: {sentence}"),
            "foot": ("{closing}, {first}", "{closing}\n{first}", "{first}: {closing}", "{otherfirst}: {closing} {first}", "{closing}, {otherfirst} {otherlast}", "{otherfirst} {did} the chat."),
        },
    ),
    "zh": (
        {  # 病历
            "head": ("{zhlabel}：{zhname} {zhlabel2}：{age}岁 {zhlabel3}：{mrn}", "{zhname}，{zhsex}，{age}岁，{zhlabel3}{mrn}", "{zhheading} {zhname} {date}", "{zhheading}\n{zhlabel}：{zhname}", "{zhwho}{zhname}，因{zhthing}{zhdays}{zhcome}。", "{zhname} {zhsex} {age}岁 {date}", "{zhheading}：{zhname}（{mrn}）", "{date} {zhwho}{zhname}{zhdid}。"),
            "body": (
                "{zhname}{zhdid}{zhthing}。", "{zhwho}{zhname}{zhdid}{zhthing}。", "{zhtoday}{zhname}{zhdid}。", "{zhrelation}{zhother}{zhdid}{zhthing}。", "{zhtoday}{zhrelation}{zhother}{zhdid}。", "{zhprep}{zhother}{zhdid}{zhthing}。", "{zhprep}{zhother}{zhtitle}{zhdid}。", "{zhother}{zhtitle}{zhdid}{zhthing}。", "{zhprep}{zhlast}{zhtitle}{zhdid}。", "{zhlast}{zhtitle}{zhdid}{zhthing}。", "{zhrole}：{zhother}", "{zhrole}{zhother}{zhdid}。", "{zhrole} {zhother}", "{zhother}（{zhrelation}）{zhdid}。",
                "{zhrelation}（{zhother}）{zhdid}{zhthing}。", "{zhprep}{zhname}{zhdid}{zhthing}。", "{zhname}、{zhother}{zhdid}。", "{zhprep}{zhother}、{zhother}{zhdid}。", "{zhrole}：{zhother}、{zhother}", "{zhrelation}{zhother}，电话{phone}。", "{zhlabel4}{address}。", "{zhwho}住{address}。", "于{date}{zhdid}{zhthing}。", "{date}{zhprep}{zhother}{zhdid}。", "{zhrelation}{old}岁，{zhstate}。", "{zhlabel3}：{policy}", "{zhtoday}{zhprep}{zhother}{zhtitle}{zhdid}，{zhname}{zhdid}。", "{zhname}的{zhrelation}{zhother}{zhdid}。", "{zhother}与{zhother}{zhdid}{zhthing}。", "{zhname}{zhstate}，{zhdid}。", "{zhrole}{zhother}/{zhother}", "{zhother}{date}{zhdid}", "我{zhprep}{zhother}{zhdid}。", "{zhname}{age}岁，{zhdid}。", "{zhprep}{zhother}（{phone}）{zhdid}。", "{zhname}：{zhdid}{zhthing}", "身份证{identity}。", "{zhname}，{zhdid}。", "{zhprep}{zhother}{zhword}{zhthing}。", "{zhname}{zhword}。", "{zhrelation}{zhother}{zhword}。", "{zhrelation}{zhother}，{zhdid}。", "{zhother}{zhword}{zhword}。", "{zhword}{zhother}{zhword}。", "{zhword}{zhother}", "{zhword}{zhother}，{zhword}。", "{zhtoday}{zhword}{zhother}{zhdid}。", "{zhwho}{zhname}{zhword}{zhthing}{zhdays}。", "{zhlast}{zhtitle}{zhword}。", "{zhword}{zhlast}{zhtitle}{zhword}。", "{zhother}{zhtitle}{zhword}。", "{zhword}{zhother}{zhtitle}。", "{zhrole}{zhother} {zhword}", "{zhname}{zhsex}", "{zhprep}{zhother}{zhprep}{zhother}{zhdid}。", "{zhname} {zhthing}", "{zhrelation}：{zhother}", "（{zhother}）", "{zhother}{zhdid}{zhprep}{zhother}{zhdid}。",
            ),
            "plain": (
                "{zhtoday}{zhdid}{zhthing}。", "{zhwho}{zhdid}{zhthing}，{zhstate}。", "{zhthing}{zhdays}，{zhdid}。", "{zhrelation}{zhdid}{zhthing}。", "{zhprep}{zhrelation}{zhdid}{zhthing}。", "{zhprep}{zhtitle}{zhdid}。", "{zhtitle}{zhdid}{zhthing}。", "{zhdrug}5mg，{zhthing}，{zhstate}。", "{zhheading}：{zhthing}，{zhstate}。", "{zhlabel2}：{zhstate}", "{zhstate}，{zhstate}，{zhdid}{zhthing}。", "{zhdid}{zhdrug}，{zhtoday}{zhstate}。", "{zhthing}、{zhthing}、{zhthing}。", "{zhrole}{zhdid}，{zhrelation}{zhdid}。", "{zhwho}{zhstate}，{zhprep}{zhrelation}{zhdid}。", "{zhheading}{zhstate}。", "{zhword}{zhdid}{zhword}，{zhword}{zhthing}。", "{zhword}，{zhword}{zhstate}。", "{zhthing}{zhword}。", "{zhwho}{zhword}{zhthing}。", "{zhprep}{zhword}{zhdid}。", "{zhrole}：{zhword}", "{zhtoday}{zhword}{zhword}。", "{zhword}{zhtitle}{zhdid}。",
            ),
            "foot": ("{zhrole}：{zhother} {date}", "{zhrole}{zhother}", "{zhother}\n{date}", "{zhrole}：{zhother}／{zhother}", "{zhother} {date}", "{zhrole}（签字）：{zhother}", "{zhother}{zhtitle}", "{date} {zhrole} {zhother}"),
        },
        {  # 对话
            "head": ("{zhname}：{zhhello}", "{zhwho}：{zhhello}，我是{zhname}", "{zhhello}，我叫{zhname}，{zhdid}。", "{zhtitle}{zhother}：{zhhello}"),
            "body": ("{zhtitle}{zhother}：{zhquestion}", "{zhwho}：{zhprep}{zhother}{zhtitle}{zhdid}。", "{zhwho}：我{zhrelation2}{zhother}{zhdid}。", "{zhtitle}：{zhlast}{zhsalute}，{zhquestion}", "{zhwho}：谢谢{zhlast}{zhtitle}", "{zhwho}：我的电话{phone}", "{zhname}：{zhdid}{zhthing}", "{zhwho}：我住{address}", "{zhother}：{zhquestion}", "{zhwho}：{zhtoday}{zhother}{zhtitle}{zhdid}的。", "{zhwho}：{zhprep}{zhother}{zhdid}", "{zhlast}{zhsalute}{zhhello}", "{zhwho}：{zhdid}的是{zhother}。"),
            "plain": ("{zhwho}：{zhquestion}", "{zhtitle}：{zhdid}{zhthing}。", "{zhtitle}：{zhquestion}", "{zhwho}：{zhthing}{zhdays}，{zhquestion}", "{zhwho}：{zhhello}", "{zhtitle}：{zhdrug}，{zhstate}。", "{zhwho}：{zhtoday}{zhdid}。", "{zhtitle}：{zhstate}，{zhword}{zhthing}。", "{zhwho}：{zhword}{zhquestion}"),
            "foot": ("{zhwho}：谢谢{zhlast}{zhtitle}", "{zhtitle}{zhother}{zhdid}", "{zhother}{zhtitle} {date}", "{zhwho}：{zhhello}"),
        },
    ),
}  # fmt: skip

PATTERNS: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "date": ("{mm}/{dd}/{y}", "{m}/{d}/{yy}", "{dd}.{mm}.{y}", "{y}-{mm}-{dd}", "{Month} {d}, {y}", "{d} {Month} {y}", "{Mon} {d}", "{dd}-{Mon}-{y}", "{Month} {d}{th}", "{Wd} {d} {Mon}"),
        "monthyear": ("{Month} {y}", "{mm}/{y}"),
        "phone": ("(%##) ###-####", "%##-###-####", "+1 %## ### ####", "0### ### ####", "+44 ## #### ####"),
        "mrn": ("######", "########", "^#######", "##-####"),
        "policy": ("^^#######", "#########"),
        "email": ("{given}.{surname}@mail.example.com", "{given}##@post.example.org"),
        "address": ("{num} {street} {way}", "{num} {street} {way}, {city}", "{num} {street} {way}, {city}, {state} #####", "{num} {street} {way}\n{city} {state} #####", "{street} {way} {num}, ##### {city}", "{num} {way} {street}, {city}", "Flat {flat}, {num} {street} {way}, {city}", "{street}weg {num}, {city}", "{num} {street}\n Apt. {flat}\n {city}\n {country} #####"),
    },
    "zh": {
        "date": ("{y}年{m}月{d}日", "{y}-{mm}-{dd}", "{m}月{d}日", "{y}.{mm}.{dd}"),
        "phone": ("13#########", "15#########", "010-########"),
        "mrn": ("######", "########", "ZY######"),
        "policy": ("#########",),
        "address": ("{zhcity}{zhstreet}{num}号", "{zhcity}{zhstreet}{num}号{flat}栋{num}室", "{zhcity}{zhstreet}", "{zhcity}"),
    },
}  # fmt: skip

LISTS: dict[str, str] = {  # words are parted by "|"
    "title": "Mr|Mrs|Ms|Dr|Dr.|Mr.|Mrs.|Ms.|Prof.|Miss|Sister|Nurse|Judge|Captain|Rev.",
    "gender": "male|female|F|M|man|woman",
    "salute": "Dear|Hello|Hi|To",
    "heading": "History of Present Illness|Assessment|Plan|Impression|Past Medical History|Social History|Family History|Medications|Allergies|Physical Exam|Review of Systems|Labs|Imaging|Procedure|Findings|Diagnosis|Discharge Summary|Progress Note|Consultation|Follow Up|Vital Signs|Chief Complaint|Hospital Course|Blood Culture|Chest X-ray|Echocardiogram|Recommendations|Operative Note|Ward Round|Clinic Letter|Care Plan|Risk Assessment|Referral|Handover|Admission|Examination|Investigations|Treatment|Outcome|Indication|Technique|Comparison|Specimen|Comment|Triage|Disposition|Billing|Copay|Insurance|Message|Letter|Reason for Visit|Anesthesia|Anaesthesia|Physiotherapy|Occupational Therapy|Nutrition|Pharmacy|Immunizations|Code Status|Advance Directive|Consent|Interpreter",
    "HEADING": "PROGRESS NOTE|CLINIC LETTER|LETTER|ASSESSMENT AND PLAN|HISTORY|LABORATORY|DISCHARGE|CONSENT FORM|REPORT|OPERATIVE REPORT|EMERGENCY|MEDICATIONS|IMPRESSION|WARD|URGENT|RADIOLOGY|PATHOLOGY|NURSING|CARDIOLOGY|REFERRAL FORM|ADMISSION|SUMMARY|ALLERGIES|VITALS|CONFIDENTIAL|RESULTS|ENCOUNTER|INVOICE|CERTIFICATE|COPY|PERSON|PLEASE CALL",
    "label": "Patient|Name|Patient name|Full name|Pt|Client|Name of patient|Resident|Donor",
    "LABEL": "PATIENT|NAME|CLIENT|PT NAME",
    "label2": "DOB|Date of birth|Born|Seen|Date|Visit|Admitted|Birthdate",
    "label3": "MRN|Record no|Chart|ID number|File no.|Patient ID|Case no",
    "label4": "Address|Home address|Residence|Mailing address",
    "role": "a nurse|the surgeon|our social worker|her teacher|the dietitian|the ward clerk|the on-call doctor|the pharmacist|a neighbor|the physiotherapist|his lawyer|the priest|the midwife|the paramedic|a volunteer|resident|registrar|the family doctor|case manager|the caregiver|driver|a coworker",
    "role2": "Nurse|Surgeon|Physician|Attending|Resident|Consultant|Anesthetist|Assistant|Reviewed by|Ordered by|Author|Provider|Technician|Midwife|Pharmacist|Therapist|Dietitian|Coordinator|Registrar|Clinician|Examiner|Observer|Prepared by|Entered by|Approved by|Director|Radiographer|Dentist|Secretary|Manager|Collected by|Caller|Counsellor|Social worker|Recorded by|Transcribed by|Checked by",
    "relation": "wife|husband|son|daughter|mother|father|brother|sister|aunt|uncle|cousin|partner|friend|neighbor|grandson|granddaughter|guardian|caregiver|roommate|fiancé|stepson|in-law",
    "relation2": "Wife|Husband|Son|Daughter|Mother|Father|Brother|Sister|Guardian|Partner|Emergency contact|Next of kin|Contact person|Caregiver|Spouse|Proxy|Escort|Parent",
    "degree": "MD|RN|DO|NP|PhD|PA-C|MBBS|FRCP|LPN|PharmD|M.D.|BSN|MRCS|DDS|MSW|SLP",
    "did": "slept well|refused|agreed|called|left|arrived|fainted|was seen|was discharged|was admitted|walked|cried|signed|complained of nausea|reported pain|denied fever|improved|vomited|asked about it|underwent surgery|consented|returned|declined|fell|ate lunch|waited|requested a copy|stopped smoking|was informed|phoned|wrote to us|met the team|recovered|felt dizzy|came in|visited|stayed overnight|was transferred|took the tablets|missed the appointment|tested positive|felt better|attended|assisted|explained everything|operated|thinks so|worries|smokes|drinks|needs help|had a seizure|became confused|required oxygen|tolerated it|examined her|advised rest|listed the risks|shouted|listened|wants to go home|presented with cough|reviewed the chart|was born|was referred|has improved|is stable|will return|may go home|cannot walk|would like to talk",
    "does": "takes|wants|needs|has|uses|likes|avoids|remembers|denies|reports|describes|manages|requests|understands|prefers|works on|knows|sees|brings|lists|follows|mentions|shows",
    "do": "call|contact|inform|ask|send this to|refer to|remind|thank|phone|page|email|book with|update|tell|wait for",
    "do2": "Call|Contact|Reach|Phone|Page|Ring|Inform|Notify|Text",
    "did2": "Discussed|Spoke|Reviewed|Examined|Referred|Transferred|Operated|Signed|Assessed|Seen|Met|Accompanied|Escorted|Interviewed|Called|Consulted|Observed|Treated|Moved|Handed over|Travelled|Checked|Counselled|Explained|Verified|Reported|Delivered|Sent|Taken over|Prescribed|Written|Agreed|Dictated|Assisted",
    "prep": "with|by|to|from|for|about|after seeing|through|alongside|without|before|and|behind|via|against|like|near|of|under",
    "prep2": "According to|Per|As per|In the words of|Thanks to|Unlike|As told by|For|With|From|Together with|Besides",
    "said": "said|says|asked|replied|reported|stated|told us|wrote|added|explained|claims|thinks|noted|felt",
    "today": "today|yesterday|this morning|on the ward|at night|in clinic|last week|at noon|overnight|again|at home|on arrival|in the evening|since then|twice|two days ago|early",
    "adverb": "slowly|quietly|again|well|poorly|comfortably|twice|alone|yesterday",
    "adverb2": "Today|Yesterday|Later|Unfortunately|However|Overnight|Meanwhile|Again|Then|Finally|Initially|Clinically|Currently|Sadly|Afterwards|Since then|At home|On examination",
    "thing": "the pain|a headache|her medication|the results|the appointment|breathing|the wound|a walking frame|chest discomfort|the scan|the plan|insulin|the dressing|blood pressure|a cough|the form|her diet|the fall|a rash|sleep|surgery|the risks|the injection|the report|physiotherapy|a second opinion|the cast|dialysis|travel|work|the biopsy|his weight|the baby|the car|her glasses|the bill",
    "thing2": "Seen|Copy|Appointment|Letter|Operation|Review|Phone call|Visit|Admission|Discharge|Sample|Report|Consent|Interview|Result|Follow-up|Request|Next visit|Procedure|Referral|Received|Typed|Collected|Delivery|Home visit|Handover|Signed|Invoice|Notes|Meeting|Scan",
    "body": "abdomen|left knee|blood pressure|heart rate|skin|chest|speech|gait|hearing|mood|wound|temperature|weight|vision|liver|spleen|back|pulse|appetite",
    "adjective": "normal|stable|unchanged|better|worse|soft|clear|abnormal|negative|positive|elevated|mild|severe|intact|regular|unremarkable|pending|good|poor|likely|unlikely|important|tender|present|absent|unknown|available|possible|first line|contraindicated",
    "is": "is|was|remains|seems|has been|were|are|appears",
    "lab": "Sodium|Potassium|Chloride|Creatinine|Hemoglobin|Haemoglobin|Platelets|WBC|Glucose|Calcium|Albumin|Bilirubin|ALT|AST|Lactate|INR|Troponin|Ferritin|Iron|Urea|Magnesium|Phosphate|Cholesterol|Triglycerides|TSH|Vitamin D|HbA1c|CRP|ESR|Lipase|Amylase|Neutrophils|Lymphocytes|Monocytes|Eosinophils|Basophils|Hematocrit|MCV|Bicarbonate|Uric Acid|Protein|Ketones|Nitrite|Leukocytes|Erythrocytes|Reticulocytes|PSA|BNP|GFR|Cortisol|Fibrinogen|D-dimer|LDH|GGT|Zinc|Folate|Blood|SpO2|Temp|Pulse|Resp|Weight|Height|BMI",
    "drugx": "Metformin|Lisinopril|Warfarin|Amlodipine|Atorvastatin|Lipitor|Plavix|Clopidogrel|Eliquis|Apixaban|Keppra|Lasix|Furosemide|Insulin|Lantus|Novolog|Aspirin|Tylenol|Ibuprofen|Paracetamol|Morphine|Fentanyl|Oxycodone|Percocet|Gabapentin|Prednisone|Albuterol|Ventolin|Omeprazole|Pantoprazole|Protonix|Amoxicillin|Augmentin|Ciprofloxacin|Levaquin|Vancomycin|Zosyn|Ceftriaxone|Rocephin|Azithromycin|Doxycycline|Bactrim|Flagyl|Metronidazole|Heparin|Lovenox|Enoxaparin|Digoxin|Metoprolol|Lopressor|Carvedilol|Coreg|Losartan|Cozaar|Valsartan|Diovan|Zoloft|Sertraline|Prozac|Citalopram|Celexa|Lexapro|Seroquel|Risperdal|Haldol|Ativan|Lorazepam|Valium|Diazepam|Xanax|Ambien|Synthroid|Levothyroxine|Humira|Enbrel|Remicade|Methotrexate|Tacrolimus|Cellcept|Simvastatin|Zocor|Crestor|Spironolactone|Aldactone|Hydralazine|Nitroglycerin|Colace|Senna|Miralax|Zofran|Reglan|Benadryl|Claritin|Singulair|Advair|Spiriva|Flonase|Acyclovir|Tamiflu|Remdesivir|Rituximab|Cisplatin|Tamoxifen|Letrozole|Alendronate|Fosamax|Allopurinol|Colchicine|Lithium|Depakote|Lamictal|Dilantin|Topamax|Sinemet|Aricept|Namenda|Viagra|Cialis|Flomax|Proscar|Ditropan|Jardiance|Ozempic|Trulicity|Januvia|Glipizide|Xarelto|Rivaroxaban|Dabigatran|Pradaxa|Tramadol|Toradol|Naproxen|Celebrex|Dexamethasone|Decadron|Medrol|Mannitol|Propofol|Ketamine|Versed|Midazolam|Narcan|Naloxone|Suboxone|Methadone|Sulfa|Penicillin|Keflex|Cephalexin|Clindamycin|Linezolid|Meropenem|Cefepime|Gentamicin|Nystatin|Fluconazole|Bupropion|Wellbutrin|Mirtazapine|Trazodone|Duloxetine|Cymbalta|Venlafaxine|Effexor|Lyrica|Pregabalin|Baclofen|Flexeril",
    "bug": "Escherichia coli|Staphylococcus aureus|Klebsiella pneumoniae|Pseudomonas aeruginosa|Streptococcus pneumoniae|Enterococcus faecalis|Candida albicans|Clostridium difficile|Proteus mirabilis|Haemophilus influenzae|Listeria monocytogenes|Mycobacterium tuberculosis|Salmonella|Shigella|Campylobacter|Influenza A|MRSA|VRE|Norovirus|Rotavirus|Legionella|Borrelia|Treponema pallidum|Neisseria gonorrhoeae|Chlamydia|Aspergillus|Pneumocystis|Toxoplasma|Giardia|Plasmodium falciparum",
    "facility": "Memorial Hospital|Mercy Medical Center|Saint Mary Hospital|St. Luke's Hospital|St Vincent's Clinic|Holy Cross Hospital|General Hospital|Children's Hospital|Riverside Clinic|the Emergency Room|the Intensive Care Unit|Good Samaritan Hospital|University Hospital|Community Health Center|the Stroke Unit|Ward 7|Sunrise Nursing Home|Veterans Affairs Medical Center|Sacred Heart Hospital|Mount Sinai|Royal Infirmary|the Recovery Room|Outpatient Department|Eye Clinic|Day Surgery Unit|Maple Court Care Home|Evergreen Rehabilitation Center",
    "org": "American Heart Association|World Health Organization|NICE|FDA|CDC|European Society of Cardiology|Medicare|Medicaid|Blue Cross|Aetna|Cigna|Red Cross|National Institutes of Health|American Diabetes Association|KDIGO|Google|Microsoft|Facebook|Wikipedia|Amazon|Visa|MasterCard|Bank of America|Alcoholics Anonymous|Meals on Wheels|National Health Service|UnitedHealth|Social Services|Cochrane|European Union|Uber|Netflix|Human Resources|IBAN|Excuse|Please|Letter|Princess Royal|Entertainment Weekly",
    "eponymx": "Glasgow Coma Scale|Apgar|Wells score|Child-Pugh|Braden|Parkinson disease|Crohn's disease|Graves' disease|Hashimoto thyroiditis|Down syndrome|Bell's palsy|Murphy sign|Babinski|Romberg|Foley catheter|Hodgkin lymphoma|Ewing sarcoma|Kaposi sarcoma|Marfan syndrome|Turner syndrome|Sjogren syndrome|Raynaud phenomenon|Barrett esophagus|Gleason|Ringer lactate|Doppler|Holter|Gram stain|Pap smear|Mantoux|Coombs test|Tanner stage|Alzheimer dementia|Lewy body|Wilson disease|Addison disease|Cushing syndrome|Meniere disease|Dupuytren contracture|Mini Mental State|HEART score|CURB-65|Mallampati|Trendelenburg|Valsalva|Heimlich|McBurney point|Kussmaul breathing|Cheyne-Stokes breathing|Virchow node|Osler nodes|Janeway lesions|Tinel sign|Phalen test|Lachman test|Billroth|Whipple procedure|Nissen fundoplication|Swan-Ganz catheter|Hickman line|Colles fracture|Salter-Harris fracture",
    "language": "English|Spanish|French|German|Arabic|Mandarin|Cantonese|Russian|Polish|Portuguese|Hindi|Somali|Vietnamese|Italian|Japanese|Turkish|Urdu|Farsi|Swahili|Ukrainian",
    "country": "Mexico|Canada|Germany|France|India|China|Japan|Spain|Italy|Poland|Brazil|Kenya|Nigeria|Egypt|Turkey|Iran|Russia|Ukraine|Vietnam|England|Scotland|Ireland|America|Australia|Africa|Europe|Asia",
    "weekday": "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|January|March|June|October|Christmas|Easter",
    "freq": "BID|TID|QD|daily|twice daily|PRN|at bedtime|QHS|OD|every 8 hours|IV|PO",
    "closing": "Sincerely|Regards|Best|Thank you|Thanks|Yours truly|Cheers|Love|Warm regards|Respectfully|Bye|Many thanks|Take care|Faithfully",
    "hello": "Hi|Hello|Hey|Good morning|Good evening|Dear|Thanks|Sorry|Yes|Okay|Welcome|Thank you|Bye|Good afternoon|Please|Excuse me",
    "question": "how are you?|what is it?|does it hurt?|can you come in?|is it serious?|when did it start?|may I help?|what did he say?|do you smoke?|any fever?|are you there?|could you repeat that?|who called?|where does it hurt?",
    "sentence": "it hurts a lot|I feel better|we will see you soon|the tablets do not help|I can't sleep|that is fine|please wait|I will check|it started last week|you saved my life|he is a bit worried|take it with food|come in tomorrow|no problem|I'd like an appointment|she has a fever|this was my idea|remember me",
    "way": "Street|Road|Avenue|Lane|Drive|Court|Way|Boulevard|St|Rd|Ave",
    "state": "OH|TX|NY|CA|PA|MI|VA",
    "zhlabel": "姓名|患者|患者姓名|病人姓名|姓　名|病员|病人|就诊人",
    "zhlabel2": "年龄|性别|职业|民族|婚姻|过敏史|既往史|床号|体温|诊断",
    "zhlabel3": "病历号|住院号|门诊号|病案号|登记号|ID号|就诊号",
    "zhlabel4": "住址：|家住|地址：|现住|户籍地：",
    "zhsex": "男|女|男性|女性",
    "zhheading": "病程记录|查房记录|会诊记录|入院记录|手术记录|诊断证明|检查报告|病历摘要|交接班记录|知情同意书|化验单|处方|首次病程|死亡讨论|随访记录|急诊病历|转科记录|体检报告|影像报告|病理诊断|医嘱单",
    "zhwho": "患者|病人|患儿|产妇|伤者|用户|老人|孕妇|咨询者",
    "zhcome": "入院|就诊|来诊|急诊入院|转入|收住院|求诊",
    "zhdays": "三天|一周|两月|半年|10年|数小时|多年|一天|一月余|5天",
    "zhdid": "同意手术|要求出院|拒绝检查|已办理出院|表示理解|签字|复查血常规|诉头痛|主诉胸闷|自述乏力|交代病情|说明情况|会诊|查房|测量体温|换药|陪同前来|送来医院|在场|到场|行手术治疗|进行沟通|协助检查|完善检查|治疗后好转|反复发作|突然晕倒|夜间休息好|按时服药|遵医嘱|已通知|了解病情|请假外出|进食少量|下床活动|继续观察|转入我科|今日出院|术后恢复可|情绪稳定|提出疑问|取走报告|指导用药|开具处方|负责|值班|记录|审核|签收|咨询|挂号|复诊|住院治疗|在我院就诊|提供病史|代诉|申请会诊|确认|核对|拍片|抽血|缴费|抢救|护理|随访|接诊|带教|汇报",
    "zhthing": "腹痛|发热|咳嗽|血压升高|胸片|肺部感染|伤口|药物|病情|治疗方案|检查结果|血糖|头晕|呕吐|腹泻|失眠|水肿|骨折|皮疹|过敏|心悸|麻醉|输液|饮食|手术风险|注意事项|报告单|住院费用|化疗|康复训练|心电图|超声|活检",
    "zhtoday": "今日|昨日|今晨|夜间|上午|下午|刚才|入院后|术后|目前|近日|随后|期间|次日|上周|当天|现|曾|后|已|再次",
    "zhstate": "神志清|病情稳定|体健|无不适|较前好转|一般情况可|未见异常|正常|疼痛减轻|阳性|阴性|待查|已故|食欲差|睡眠可|活动受限|双肺呼吸音清|腹软|无压痛|生命体征平稳",
    "zhrelation": "其妻|其夫|其子|其女|其父|其母|家属|患者之子|患者之女|丈夫|妻子|母亲|父亲|儿子|女儿|哥哥|姐姐|弟弟|妹妹|配偶|监护人|陪护|朋友|邻居|同事|孙子|祖母|爷爷|奶奶|保姆|舅舅|叔叔",
    "zhrelation2": "妈妈|爸爸|老婆|老公|儿子|女儿|爱人|朋友|奶奶|爷爷|孩子|妹妹",
    "zhprep": "请|由|向|与|和|对|经|嘱|遵|听取|预约|联系|告知|通知|跟|同|为|给|找|问|及|让|叫|据|因|将|把|随|陪|送|替|邀请|感谢|麻烦|根据|按照|转告|委托|提醒|兹证明|安排|协同|寻求|建议|代",
    "zhtitle": "主任|医生|医师|护士|教授|大夫|主治|护士长|专家|院长|主管|技师|药师|老师|副主任|住院医",
    "zhsalute": "先生|女士|小姐|阿姨|大爷|同志|老师|叔叔|大姐",
    "zhrole": "主治医师|住院医师|责任护士|记录者|主刀|助手|麻醉师|会诊医师|签名|医师签名|检查者|报告医师|审核者|送检医师|申请人|联系人|值班医生|管床医生|接班者|交班者|核对者|操作者|证明人|代理人|采集者|录入|主管护师|上级医师|主持人|参加人员|药师|技师|导诊",
    "zhdrug": "阿司匹林|二甲双胍|青霉素|硝苯地平|氯化钠|奥美拉唑|胰岛素|华法林|地塞米松|甲硝唑|维生素|连花清瘟|板蓝根|云南白药|金银花",
    "zhhello": "您好|你好|谢谢|好的|请问|早上好|在吗|麻烦了|不客气|再见|辛苦了",
    "zhquestion": "有什么不舒服？|多久了？|需要住院吗？|怎么办？|可以吃药吗？|严重吗？|能上班吗？|发烧吗？|做过检查吗？|要不要手术？|什么时候复查？",
}  # fmt: skip
