"""Language tags: containers name languages by three letters (ISO 639-2), HLS and DASH by RFC 5646, which has two.

Pure. RFC 5646, 2.2.1: where a language has a code of two letters, that one is its tag.
"""

from __future__ import annotations

# ISO 639-2 (both its bibliographic and its terminological codes) to 639-1; the languages of ISO 639-1 that lectures
# are likely to be held in. One that is missing keeps its three letters, which players understand as well.
_PAIRS = """
    afr=af alb=sq amh=am ara=ar arm=hy asm=as aze=az baq=eu bel=be ben=bn bos=bs bre=br bul=bg bur=my cat=ca ces=cs
    chi=zh cym=cy cze=cs dan=da deu=de dut=nl ell=el eng=en epo=eo est=et eus=eu fao=fo fas=fa fin=fi fra=fr fre=fr
    fry=fy geo=ka ger=de gla=gd gle=ga glg=gl gre=el guj=gu hat=ht hau=ha heb=he hin=hi hrv=hr hun=hu hye=hy ibo=ig
    ice=is ind=id isl=is ita=it jav=jv jpn=ja kan=kn kat=ka kaz=kk khm=km kin=rw kir=ky kor=ko kur=ku lao=lo lat=la
    lav=lv lit=lt ltz=lb mac=mk mal=ml mao=mi mar=mr may=ms mkd=mk mlg=mg mlt=mt mon=mn mri=mi msa=ms mya=my nep=ne
    nld=nl nno=nn nob=nb nor=no ori=or pan=pa per=fa pol=pl por=pt pus=ps que=qu roh=rm ron=ro rum=ro run=rn rus=ru
    san=sa sin=si slk=sk slo=sk slv=sl sna=sn som=so sot=st spa=es sqi=sq srp=sr sun=su swa=sw swe=sv tam=ta tat=tt
    tel=te tgk=tg tha=th tir=ti ton=to tsn=tn tur=tr tuk=tk uig=ug ukr=uk urd=ur uzb=uz vie=vi wel=cy wol=wo xho=xh
    yid=yi yor=yo zho=zh zul=zu
"""
_TWO_LETTERS = dict(pair.split("=") for pair in _PAIRS.split())


def tag(language: str | None) -> str:
    """The tag for what a container says; `und` where it says nothing."""
    if not language:
        return "und"
    first, _, rest = language.partition("-")
    short = _TWO_LETTERS.get(first.lower(), first)
    return f"{short}-{rest}" if rest else short
