"""British spellings and their American twins: "defence" in a rule finds "defense" and the other way round.

A fixed table, no pattern: a pattern such as -ise/-ize would also change "promise" and "otherwise". To be short it
is written as lists of stems, each with the same endings ("organ" + "isation" is "organization"), and single pairs.
A form that nobody writes ("odourful") does no harm.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_ISE = """
agon american anonym antagon apolog appet author bapt brutal burglar cannibal canon capital carbon categor
central character civil colon commercial computer criminal critic crystall custom decarbon decentral decolon
decriminal dehuman demilitar demobil democrat demon demoral denuclear deradical desensit destabil digit
digital disorgan dramat econom emphas energ equal eternal eulog evangel exorc external factor familiar fantas
fertil final formal fossil fratern galvan general global harmon homogen hospital human hypnot hypothes ideal
idol immobil immortal immun incentiv individual industrial initial institutional internal international ion
islam item jeopard legal legitim liberal lion local magnet marginal material maxim mechan memor mesmer militar
mineral miniatur minim mobil modern modular monetar monopol moral motor national natural neutral normal notar
operational optim organ ostrac oxid parliamentar pasteur patron penal personal philosoph plagiar polar politic
popular pressur priorit privat professional proselyt public pulver radical random rational real recogn regular
remilitar renational reorgan revital revolution romantic sanit satir scandal scrutin sectarian secular securit
sensational sensit serial sermon sexual social solemn special stabil standard steril stigmat styl subsid
summar symbol sympath synchron synthes systemat tantal tempor terror theor total traumat tribal trivial tyrann
union urban util vandal vapor verbal victim visual vital vocal vulgar weapon western winter
"""
_ISE_ENDINGS = "ise ises ised ising iser isers isation isations isational isable"

_OUR = """
arb arm behavi cand clam col demean disarm discol disfav dishon enam endeav ferv fav flav harb hon hum lab
misbehavi misdemean neighb od parl ranc rig rum sav savi splend succ tum unfav val vap vig watercol
"""
_OUR_ENDINGS = (
    "our ours oured ouring ourer ourers ourable ourably oury ouries ourless ourful ourly oural ourally ourhood "
    "ourhoods ourite ourites ouritism"
)

_RE = """
accout calib cent centimet epicent fib kilomet lit lust manoeuv meag met millimet millilit mit nanomet och
reconnoit sab salpet scept sepulch somb spect theat
"""
_RE_ENDINGS = (("re", "er"), ("res", "ers"), ("red", "ered"), ("ring", "ering"))

_LL = """
apparel barrel bevel bushel cancel channel chisel counsel dial dishevel duel enamel equal fuel funnel gravel
grovel impanel initial jewel label laurel level libel marshal marvel medal metal model panel parcel pedal
pencil pummel quarrel refuel relabel remodel revel rival shovel shrivel signal snorkel spiral stencil swivel
total towel travel trowel tunnel unravel victual yodel
"""
_LL_ENDINGS = "ed ing er ers ings"

_PAIRS = """
defence defense|defences defenses|defenceless defenseless|offence offense|offences offenses|pretence pretense
pretences pretenses|licence license|licences licenses|licenced licensed|practise practice|practises practices
practised practiced|practising practicing|analyse analyze|analysed analyzed|analysing analyzing
analyser analyzer|analysers analyzers|paralyse paralyze|paralysed paralyzed|paralysing paralyzing
catalyse catalyze|catalysed catalyzed|breathalyser breathalyzer|catalogue catalog|catalogues catalogs
catalogued cataloged|dialogue dialog|dialogues dialogs|analogue analog|analogues analogs|travelogue travelog
centrepiece centerpiece|centrefold centerfold|theatregoers theatergoers|manoeuvre maneuver
manoeuvres maneuvers|manoeuvred maneuvered|manoeuvring maneuvering|manoeuvrings maneuverings
manoeuvrable maneuverable|programme program|programmes programs|gramme gram|grammes grams|kilogramme kilogram
kilogrammes kilograms|cheque check|cheques checks|chequebook checkbook|chequered checkered|tyre tire
tyres tires|kerb curb|kerbs curbs|kerbside curbside|grey gray|greyer grayer|greys grays|greying graying
aluminium aluminum|sulphur sulfur|sulphuric sulfuric|sulphate sulfate|sulphates sulfates|sulphide sulfide
ageing aging|judgement judgment|judgements judgments|judgemental judgmental|acknowledgement acknowledgment
acknowledgements acknowledgments|abridgement abridgment|likeable likable|sizeable sizable|moveable movable
saleable salable|unmistakeable unmistakable|plough plow|ploughs plows|ploughed plowed|ploughing plowing
sceptic skeptic|sceptics skeptics|sceptical skeptical|sceptically skeptically|scepticism skepticism|mould mold
moulds molds|moulded molded|moulding molding|mouldy moldy|smoulder smolder|smoulders smolders
smouldered smoldered|smouldering smoldering|fulfil fulfill|fulfils fulfills|fulfilment fulfillment
enrol enroll|enrols enrolls|enrolment enrollment|enrolments enrollments|instalment installment
instalments installments|instil instill|instils instills|distil distill|distils distills|appal appall
appals appalls|skilful skillful|skilfully skillfully|unskilful unskillful|wilful willful|wilfully willfully
enthral enthrall|enthrals enthralls|jewellery jewelry|counsellor counselor|counsellors counselors
councillor councilor|councillors councilors|marvellous marvelous|marvellously marvelously|medallist medalist
medallists medalists|woollen woolen|woollens woolens|tranquillity tranquility|libellous libelous
worshipped worshiped|worshipping worshiping|worshipper worshiper|worshippers worshipers|focussed focused
focussing focusing|benefitted benefited|benefitting benefiting|targetted targeted|targetting targeting
combatted combated|combatting combating|kidnaped kidnapped|kidnaping kidnapping|kidnaper kidnapper
kidnapers kidnappers|biassed biased|chilli chili|chillies chilies|anaemia anemia|anaemic anemic
anaesthetic anesthetic|anaesthetics anesthetics|anaesthesia anesthesia|anaesthetist anesthetist
archaeology archeology|archaeologist archeologist|archaeologists archeologists|archaeological archeological
caesarean cesarean|diarrhoea diarrhea|diarrhoeal diarrheal|encyclopaedia encyclopedia|faeces feces
faecal fecal|foetus fetus|foetuses fetuses|foetal fetal|gynaecology gynecology|gynaecologist gynecologist
gynaecological gynecological|haemorrhage hemorrhage|haemorrhages hemorrhages|haemorrhaging hemorrhaging
haemorrhagic hemorrhagic|haemoglobin hemoglobin|haemophilia hemophilia|ischaemic ischemic|leukaemia leukemia
mediaeval medieval|oesophagus esophagus|oestrogen estrogen|orthopaedic orthopedic|orthopaedics orthopedics
paediatric pediatric|paediatrics pediatrics|paediatrician pediatrician|paediatricians pediatricians
paedophile pedophile|paedophiles pedophiles|paedophilia pedophilia|palaeontology paleontology
septicaemia septicemia|aeroplane airplane|aeroplanes airplanes|artefact artifact|artefacts artifacts
carburettor carburetor|connexion connection|cosy cozy|despatch dispatch|despatches dispatches
despatched dispatched|despatching dispatching|doughnut donut|doughnuts donuts|enquire inquire
enquired inquired|enquires inquires|enquiring inquiring|enquiry inquiry|enquiries inquiries|furore furor
gaol jail|gaols jails|gaoled jailed|gaoler jailer|gaolers jailers|gipsy gypsy|gipsies gypsies|maths math
mollusc mollusk|molluscs mollusks|moustache mustache|moustaches mustaches|mum mom|mums moms|omelette omelet
omelettes omelets|pedlar peddler|pedlars peddlers|phoney phony|pyjamas pajamas|racquet racket|racquets rackets
speciality specialty|specialities specialties|tsar czar|tsars czars|tsarist czarist|whisky whiskey
yoghurt yogurt|towards toward|afterwards afterward|learnt learned|burnt burned|spilt spilled|dreamt dreamed
leapt leaped|spoilt spoiled|unlearnt unlearned
"""


def _twins() -> Iterator[tuple[str, str]]:
    for stem in _ISE.split():
        for ending in _ISE_ENDINGS.split():
            yield stem + ending, stem + ending.replace("is", "iz", 1)
    for stem in _OUR.split():
        for ending in _OUR_ENDINGS.split():
            yield stem + ending, stem + ending.replace("our", "or", 1)
    for stem in _RE.split():
        for ending, other in _RE_ENDINGS:
            yield stem + ending, stem + other
    for stem in _LL.split():
        for ending in _LL_ENDINGS.split():
            yield stem + "l" + ending, stem + ending
    for pair in re.split(r"[|\n]", _PAIRS.strip()):
        british, american = pair.split()
        yield british, american


AMERICAN: dict[str, str] = dict(_twins())
"""British form → American form."""
