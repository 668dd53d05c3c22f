"""Languages of tracks: from the three letters of a container to the tag and the name that players show. Pure.

Containers name a language by ISO 639-2, playlists by BCP 47 (RFC 5646), which takes the shortest code there is: all of
ISO 639-1, and the three letters where a language has no two.
"""

from __future__ import annotations

import re
from functools import cache

# ISO 639-1, ISO 639-2 (terminological), and what its speakers call it, as in the Unicode CLDR.
_LANGUAGES = """
aa aar Afar
ab abk Abkhazian
ae ave Avestan
af afr Afrikaans
ak aka Akan
am amh አማርኛ
an arg Aragonese
ar ara العربية
as asm অসমীয়া
av ava Avaric
ay aym Aymara
az aze Azərbaycan
ba bak Башҡорт
be bel Беларуская
bg bul Български
bi bis Bislama
bm bam Bamanakan
bn ben বাংলা
bo bod བོད་སྐད་
br bre Brezhoneg
bs bos Bosanski
ca cat Català
ce che Нохчийн
ch cha Chamorro
co cos Corsican
cr cre Cree
cs ces Čeština
cu chu Church Slavic
cv chv Чӑваш чӗлхи
cy cym Cymraeg
da dan Dansk
de deu Deutsch
dv div Divehi
dz dzo རྫོང་ཁ
ee ewe Eʋegbe
el ell Ελληνικά
en eng English
eo epo Esperanto
es spa Español
et est Eesti
eu eus Euskara
fa fas فارسی
ff ful Pulaar
fi fin Suomi
fj fij Fijian
fo fao Føroyskt
fr fra Français
fy fry Frysk
ga gle Gaeilge
gd gla Gàidhlig
gl glg Galego
gn grn Guarani
gu guj ગુજરાતી
gv glv Gaelg
ha hau Hausa
he heb עברית
hi hin हिन्दी
ho hmo Hiri Motu
hr hrv Hrvatski
ht hat Haitian Creole
hu hun Magyar
hy hye Հայերեն
hz her Herero
ia ina Interlingua
id ind Bahasa Indonesia
ie ile Interlingue
ig ibo Igbo
ii iii ꆈꌠꉙ
ik ipk Inupiaq
io ido Ido
is isl Íslenska
it ita Italiano
iu iku Inuktitut
ja jpn 日本語
jv jav Jawa
ka kat Ქართული
kg kon Kongo
ki kik Gikuyu
kj kua Kuanyama
kk kaz Қазақ тілі
kl kal Kalaallisut
km khm ខ្មែរ
kn kan ಕನ್ನಡ
ko kor 한국어
kr kau Kanuri
ks kas کٲشُر
ku kur Kurdî
kv kom Komi
kw cor Kernewek
ky kir Кыргызча
la lat Latin
lb ltz Lëtzebuergesch
lg lug Luganda
li lim Limburgish
ln lin Lingála
lo lao ລາວ
lt lit Lietuvių
lu lub Tshiluba
lv lav Latviešu
mg mlg Malagasy
mh mah Marshallese
mi mri Māori
mk mkd Македонски
ml mal മലയാളം
mn mon Монгол
mr mar मराठी
ms msa Bahasa Melayu
mt mlt Malti
my mya မြန်မာ
na nau Nauru
nb nob Norsk bokmål
nd nde IsiNdebele
ne nep नेपाली
ng ndo Ndonga
nl nld Nederlands
nn nno Norsk nynorsk
no nor Norsk
nr nbl South Ndebele
nv nav Navajo
ny nya Nyanja
oc oci Occitan
oj oji Ojibwa
om orm Oromoo
or ori ଓଡ଼ିଆ
os oss Ирон
pa pan ਪੰਜਾਬੀ
pi pli Pali
pl pol Polski
ps pus پښتو
pt por Português
qu que Runasimi
rm roh Rumantsch
rn run Ikirundi
ro ron Română
ru rus Русский
rw kin Ikinyarwanda
sa san संस्कृत भाषा
sc srd Sardu
sd snd سنڌي
se sme Davvisámegiella
sg sag Sängö
si sin සිංහල
sk slk Slovenčina
sl slv Slovenščina
sm smo Samoan
sn sna ChiShona
so som Soomaali
sq sqi Shqip
sr srp Српски
ss ssw Swati
st sot Sesotho
su sun Basa Sunda
sv swe Svenska
sw swa Kiswahili
ta tam தமிழ்
te tel తెలుగు
tg tgk Тоҷикӣ
th tha ไทย
ti tir ትግርኛ
tk tuk Türkmen dili
tl tgl Tagalog
tn tsn Setswana
to ton Lea fakatonga
tr tur Türkçe
ts tso Tsonga
tt tat Татар
tw twi Twi
ty tah Tahitian
ug uig ئۇيغۇرچە
uk ukr Українська
ur urd اردو
uz uzb O‘zbek
ve ven Venda
vi vie Tiếng Việt
vo vol Volapük
wa wln Walloon
wo wol Wolof
xh xho IsiXhosa
yi yid ייִדיש
yo yor Èdè Yorùbá
za zha Vahcuengh
zh zho 中文
zu zul IsiZulu
"""
# The bibliographic codes of ISO 639-2, which Matroska and others write.
_BIBLIOGRAPHIC = {
    "alb": "sq", "arm": "hy", "baq": "eu", "bur": "my", "chi": "zh", "cze": "cs", "dut": "nl", "fre": "fr", "geo": "ka",
    "ger": "de", "gre": "el", "ice": "is", "mac": "mk", "mao": "mi", "may": "ms", "per": "fa", "rum": "ro", "slo": "sk",
    "tib": "bo", "wel": "cy",
}
_UNKNOWN = frozenset(("und", "mis", "mul", "zxx", "root"))  # undetermined, uncoded, several, none at all
_TAG = re.compile(r"[a-z]{2,3}(-[a-z]{4})?(-([a-z]{2}|\d{3}))?", re.ASCII)


def bcp47(code: str | None) -> str | None:
    """The tag of a language code of a container (`fre`, `en`, `pt-BR`); None when it says nothing or is none."""
    spelled = (code or "").strip().lower().replace("_", "-")
    if not _TAG.fullmatch(spelled):
        return None
    primary, *rest = spelled.split("-")
    if primary in _UNKNOWN or ("qaa" <= primary <= "qtz" and len(primary) == 3):  # the latter: for private use
        return None
    rest = [part.title() if len(part) == 4 else part.upper() for part in rest]
    return "-".join((_two_letters().get(primary, primary), *rest))


def iso639_2(tag: str | None) -> str:
    """The three letters that the boxes of MP4 want (ISO/IEC 14496-12, 8.4.2) for a tag; `und` for none."""
    primary = (tag or "und").partition("-")[0]
    return next((three for two, three, _ in _rows() if two == primary), primary if len(primary) == 3 else "und")


def own_name(tag: str) -> str:
    """What the speakers of a language call it; the tag itself for one that has no two-letter code."""
    primary, _, rest = tag.partition("-")
    name = next((name for two, _, name in _rows() if two == primary), "")
    return (f"{name} ({rest})" if rest else name) if name else tag


@cache
def _rows() -> tuple[tuple[str, str, str], ...]:
    lines = (line.split(" ", 2) for line in _LANGUAGES.strip().splitlines())
    return tuple((two, three, name) for two, three, name in lines)


@cache
def _two_letters() -> dict[str, str]:
    return {three: two for two, three, _ in _rows()} | _BIBLIOGRAPHIC
