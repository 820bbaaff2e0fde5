"""The phrases by which pages give their own parts away, in the languages most feeds are in.

Regular expressions, a `|` with spaces round it between them; line ends do not count. A phrase that is not sure in
its language is left out: a line wrongly taken for a label hides text from rules.
"""

from __future__ import annotations

import re

_BAR = re.compile(r"\s+\|\s+")


def phrases(text: str) -> str:
    """The phrases as one alternative."""
    return "(?:" + _BAR.sub("|", text.strip()) + ")"


# A rail's title: what stands below are other articles.
RAIL = phrases(
    r"""
    recent(?:ly)?(?: (?:posts?|articles?|stories|news))? |
    (?:related|similar)(?: (?:posts?|articles?|stories|news|topics?|content|reads?|coverage|links?|reading))? |
    latest(?: (?:news|posts?|articles?|stories|updates?|headlines?))? |
    trending(?: (?:now|news|stories|topics?))? | popular(?: (?:posts?|articles?|stories|now))? |
    most (?:read|popular|viewed|shared|commented)(?: (?:news|articles?|stories))? |
    more (?:from|on|in|by) .{2,40} | more (?:stories|news|articles|headlines|to read|like this) |
    (?:up next|read next|next (?:up|article|story|post)|continue to next (?:article|story)) |
    recommended(?: (?:for you|stories|articles|reading|by .{2,30}))? |
    you (?:may|might) (?:also )?(?:like|be interested in) | you may have missed | in case you missed it |
    (?:also|must|further) read(?:ing)? | read (?:also|next) | see also | don['’]t miss |
    (?:editor['’]?s?['’]?|our) (?:picks?|choice) | top (?:stories|news|headlines) |
    (?:previous|past|earlier|more|other) episodes |
    other (?:news|stories|articles) |
    (?:what to read next|what others are reading|also in the news|elsewhere on .{2,30}) |
    promoted(?: stories)? | sponsored(?: content| links?)? | around the web | from (?:around|our) .{2,30} |
    leave a (?:reply|comment) | post navigation | previous (?:post|article|story) |
    mehr zum thema | das könnte sie auch interessieren | meistgelesen |
    weitere (?:artikel|meldungen|themen) | lesen sie auch | auch interessant | lire aussi | à lire aussi |
    sur le même (?:sujet|thème) | articles? (?:liés|similaires) | les plus lus | dans la même rubrique |
    noticias relacionadas | te puede interesar | lo más (?:leído|visto) | también te puede interesar |
    más noticias | leia (?:também|mais) | notícias relacionadas | mais lidas | leggi anche |
    articoli correlati | potrebbe interessarti(?: anche)? | i più letti | lees ook | meer over |
    meest gelezen | czytaj (?:też|także|również) | zobacz (?:też|także|również) | читайте также | по теме |
    похожие (?:статьи|новости) | самое читаемое | ещё по теме | читайте також | ilgili haberler |
    bunlar da ilginizi çekebilir | اقرأ أيضا | اقرأ أيضًا | مواضيع ذات صلة | أخبار ذات صلة | الأكثر قراءة |
    مزید پڑھیں | یہ بھی پڑھیں | متعلقہ خبریں | متعلقہ عنوانات |
    مطالب مرتبط | اخبار مرتبط | بیشتر بخوانید | یہ بھی پڑھیے |
    यह भी पढ़ें | संबंधित खबरें | 相关(?:新闻|阅读|文章) | 延伸阅读 | 関連記事
    """
)

# A box about who wrote it.
AUTHOR = phrases(
    r"""
    about the authors? | written by | über den autor | à propos de l['’]auteur | sobre (?:el autor|la autora) |
    (?:news|web|night|digital|editorial|city|sports?|business|foreign|monitoring) desk
    """
)

# The end of a rail's item.
READ_ON = phrases(
    r"""
    read (?:more|on|full (?:story|article)|the full (?:story|article)) | continue reading | full story |
    view (?:all|more) | learn more | see (?:more|all) | more | weiterlesen | mehr(?: lesen)? |
    lire (?:la suite|plus) | leer más | seguir leyendo | leia mais | leggi (?:tutto|di più) |
    lees (?:meer|verder) | czytaj (?:więcej|dalej) | читать (?:далее|дальше|полностью) | devamını oku |
    اقرأ المزيد | مزید پڑھیں | مزید پڑھیے | بیشتر | और पढ़ें | 阅读(?:更多|全文)
    """
)

# Buttons and labels.
FURNITURE = phrases(
    r"""
    short url | follow(?: us)?(?: on .{2,30})? | share(?: (?:this|on|via) ?.{0,30})? | save | print |
    e-?mail | copy link | listen(?: to (?:this )?article)? | comments? | \d+ comments? |
    \d{1,3}\s*(?:min(?:ute)?s?)(?: read)? |
    \d{1,2} (?:second|minute|min|hour|day|week|month)s? ago |
    reading time.{0,20} | advertisement | ad | facebook | twitter |
    x | whatsapp | linkedin | telegram | tweet | add to reading list | subscribe | sign up |
    text size.{0,10} | a[+-] | bookmark | like | loading | photo | teilen | merken | drucken | partager |
    compartir | condividi
    """
)

# A line that begins with one of these and a colon sends the reader on.
POINTER = phrases(
    r"""
    see also | read also | also read | read more | read | must read |
    related(?: (?:article|story|stories|news))? | watch(?: also)? | more | mehr dazu | lesen sie auch |
    à lire aussi | lire aussi | lea también | leia também | leggi anche | lees ook | читайте также |
    یہ بھی پڑھیں | مزید پڑھیں | اقرأ أيضا
    """
)

# Titles of bot checks.
TITLES = phrases(
    r"""
    just a moment | attention required!? ?\|? ?cloudflare | access (?:to this page has been )?denied |
    are you (?:a )?(?:human|robot) | please wait | one moment,? please | pardon our interruption |
    verify(?:ing)? you are (?:a )?human | security (?:check|verification) | ddos-guard | robot check |
    human verification | checking your browser | bot verification | un momento | nur einen moment |
    einen moment | un instant | captcha
    """
)

# Bot checks.
BOT = phrases(
    r"""
    enable javascript(?: and cookies)?(?: to continue)? |
    please (?:enable|turn on) (?:javascript|js|cookies) | javascript is (?:disabled|required) |
    you need to enable javascript | verify(?:ing)? (?:that )?you are (?:a )?human |
    (?:please )?(?:confirm|prove|verify) (?:that )?you(?:['’]re| are) (?:a human|human|not a robot) |
    checking (?:your browser|if the site connection is secure) |
    this (?:page|site|website) is using a security service |
    (?:our systems have|we(?:['’]ve| have)) detected unusual (?:traffic|activity) |
    please complete the security check | why have i been blocked |
    performance (?:&|and) security by cloudflare | ddos protection by | are you a robot |
    please make sure your browser supports javascript and cookies |
    to continue, please click the box below | we believe you are using automation tools |
    press (?:&|and) hold to confirm | bitte (?:aktivieren sie|schalten sie) javascript |
    veuillez activer javascript | activ[ae] javascript
    """
)

# Consent pages and boxes.
COOKIES = phrases(
    r"""
    before you continue to | we (?:value|respect|care about) your privacy |
    your privacy (?:choices|matters|is important to us) |
    we and our (?:\d+ )?(?:trusted )?partners (?:store|use|process) | this (?:web)?site uses cookies |
    we use cookies | accept (?:all )?cookies |
    manage (?:your )?(?:cookie|privacy) (?:preferences|settings|choices) | cookie consent |
    (?:please )?accept (?:our|the) (?:use of )?cookies | by clicking [“\"'‘]?(?:accept|agree) |
    consent to (?:the use of )?cookies |
    wir (?:verwenden|nutzen) cookies | wir und unsere .{0,20}partner |
    wir (?:benötigen ihre zustimmung|respektieren) |
    mit werbung (?:und tracking )?weiterlesen | nous utilisons des cookies |
    (?:nous et nos|avec nos) partenaires | continuer sans accepter | utilizamos cookies | usamos cookies |
    valoramos (?:su|tu) privacidad | nosotros y nuestros socios | utilizziamo i cookie |
    noi e (?:i nostri|terze parti) | wij gebruiken cookies | używamy plików cookie |
    мы используем (?:файлы )?cookie
    """
)

# Logins.
LOGIN = phrases(
    r"""
    (?:please )?(?:log|sign) ?in (?:or (?:register|sign up|subscribe) )?to (?:continue|read|view|access|see) |
    you must (?:be logged in|log in|sign in|register) |
    (?:create (?:a free|an) account|register (?:now |for free )?)to (?:continue|read) |
    (?:please )?register to (?:continue|read) | melden sie sich an,? um | bitte (?:loggen|melden) sie sich |
    connectez-vous pour | inici[ae] sesión para | accedi per (?:leggere|continuare)
    """
)

# Paywalls.
PAY = phrases(
    r"""
    subscribe (?:now )?to (?:continue|read|unlock|keep reading|access) |
    (?:this|the rest of this) (?:article|story|content|page) is .{2,30} (?:subscribers|members) |
    (?:to|in order to) (?:continue|keep) reading |
    continue reading (?:this article )?with a (?:subscription|free trial) |
    you(?:['’]ve| have) (?:reached|read|used) (?:all )?(?:your|the) .{0,30}(?:limit|free (?:articles?|stories)) |
    already (?:a|an) (?:subscriber|member)\? | (?:exclusive|only) (?:for|to) subscribers |
    subscriber[- ]only | (?:unlock|get) (?:full|unlimited) access |
    to read (?:the (?:full|rest)|this) (?:story|article) | this is a (?:premium|subscriber) |
    premium (?:content|article) | (?:jetzt )?(?:weiterlesen|lesen sie weiter) mit |
    dieser artikel ist (?:nur )?für abonnenten | exklusiv für abonnenten |
    (?:cet )?article (?:est )?réservé aux abonnés | réservé (?:à nos|aux) abonnés |
    il vous reste .{0,20} de cet article | (?:contenido )?exclusivo para suscriptores |
    suscríbete para (?:seguir|continuar) | (?:contenuto|articolo) riservato agli abbonati |
    abbonati per (?:continuare|leggere) | alleen voor abonnees | (?:exclusivo|conteúdo) para assinantes |
    подпишитесь,? чтобы
    """
)

# Headlines of pages that say there is nothing to read, with a status that says there is.
NOT_FOUND = phrases(
    r"""
    (?:error )?40[34](?: error)?:? (?:page |file )?not found | (?:error )?403:? forbidden |
    (?:sorry,? |oops[!,.]? )?(?:this |the |that )?(?:page|article|story|content|file) (?:was |is )?not found |
    (?:sorry,? |oops[!,.]? )?(?:this |the |that )?(?:page|article|story) (?:can(?:no|['’])t|could not) be found |
    (?:this |the )?(?:page|article|content) (?:is )?(?:not|no longer) available |
    (?:this |the )?page (?:doesn['’]t|does not) exist | (?:page|article|content) (?:unavailable|has been removed) |
    (?:451: ?)?unavailable (?:due to|for) legal reasons | seite (?:wurde )?nicht gefunden |
    page (?:non trouvée|introuvable) | página no encontrada | página não encontrada | pagina non trovata |
    pagina niet gevonden | страница не найдена | сторінку не знайдено | sayfa bulunamadı |
    الصفحة غير موجودة | صفحہ نہیں ملا | صفحہ موجود نہیں | صفحه یافت نشد
    """
)
# Headlines of consent pages.
CONSENT = phrases(
    r"""
    before you continue | your (?:privacy|data)(?: choices| matters| settings| is important to us)? |
    (?:cookie|privacy|consent) (?:settings|preferences|choices|consent|notice) |
    we (?:value|respect|care about) your privacy | datenschutzeinstellungen | ihre privatsphäre.{0,20}
    """
)
