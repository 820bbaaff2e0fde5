"""British spellings and their American twins: "defence" in a rule finds "defense" and the other way round.

A fixed table, no pattern: patterns such as -ise/-ize would also change "promise" and "otherwise".
"""

from __future__ import annotations

import re

_PAIRS = """
defence defense|defences defenses|offence offense|offences offenses|licence license|licences licenses
centre center|centres centers|centred centered|theatre theater|theatres theaters|metre meter|metres meters
kilometre kilometer|kilometres kilometers|litre liter|litres liters|fibre fiber|sabre saber|calibre caliber
colour color|colours colors|honour honor|honours honors|honoured honored|labour labor|labours labors
labourer laborer|labourers laborers|neighbour neighbor|neighbours neighbors|neighbouring neighboring
neighbourhood neighborhood|harbour harbor|harbours harbors|harbouring harboring|harboured harbored
favour favor|favours favors|favoured favored|behaviour behavior|rumour rumor|rumours rumors|armour armor
armoured armored|vapour vapor|endeavour endeavor|humour humor|saviour savior
programme program|programmes programs|cheque check|cheques checks|tyre tire|tyres tires|grey gray
aluminium aluminum|ageing aging|judgement judgment|plough plow|sceptical skeptical|sceptics skeptics
travelled traveled|travelling traveling|traveller traveler|travellers travelers|cancelled canceled
cancelling canceling|labelled labeled|modelling modeling|signalled signaled|fuelled fueled|fuelling fueling
jewellery jewelry|counsellor counselor|fulfil fulfill|enrol enroll|instalment installment
organise organize|organises organizes|organised organized|organising organizing|organisation organization
organisations organizations|organiser organizer|organisers organizers|recognise recognize
recognises recognizes|recognised recognized|recognising recognizing|authorise authorize
authorised authorized|authorisation authorization|mobilise mobilize|mobilised mobilized
mobilisation mobilization|criticise criticize|criticised criticized|criticises criticizes
emphasise emphasize|emphasised emphasized|legalise legalize|nationalise nationalize
nationalised nationalized|privatise privatize|privatised privatized|privatisation privatization
stabilise stabilize|stabilised stabilized|stabilisation stabilization|normalise normalize
normalised normalized|normalisation normalization|radicalise radicalize|radicalised radicalized
radicalisation radicalization|militarise militarize|militarised militarized|militarisation militarization
demilitarised demilitarized|civilisation civilization|apologise apologize|apologised apologized
finalise finalize|finalised finalized|symbolise symbolize|utilise utilize|prioritise prioritize
minimise minimize|maximise maximize|realise realize|realised realized|terrorise terrorize
terrorised terrorized|destabilise destabilize|destabilised destabilized|destabilising destabilizing
analyse analyze|analysed analyzed|analysing analyzing|paralyse paralyze|paralysed paralyzed
catalogue catalog|dialogue dialog|dialogues dialogs|manoeuvre maneuver|manoeuvres maneuvers
anaemia anemia|paediatric pediatric|haemorrhage hemorrhage|oesophagus esophagus|foetus fetus
"""

AMERICAN: dict[str, str] = {
    british: other for pair in re.split(r"[|\n]", _PAIRS.strip()) for british, other in [pair.split()]
}
"""British form → American form."""
