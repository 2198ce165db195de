from medmodel.records import RedFlag
from medmodel.safety.flags import RULES, fired
from medmodel.safety.refusals import refusal
__all__=["RULES","red_flags","refusal"]
def red_flags(text, language="en"):
    return tuple(RedFlag(id=r.id,title=r.title[language],action=r.action[language],urgency=r.urgency,matched=m,source=r.source) for r,m in fired(text))
