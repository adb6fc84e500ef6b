"""How letters are spoken, in rules: for five languages, and for English words in no dictionary.

They need to be right about lips and about how many sounds a word has, not about an accent. A line
holds rules `letters=sounds`, tried from the first to the last; `(` and what follows is looked
ahead at, `)` ends what was looked back at, as in regular expressions; `-` is no sound, and sounds
are parted by dots.
"""

import re
from functools import lru_cache

Rules = tuple[tuple["re.Pattern[str]", tuple[str, ...]], ...]

V = "[aeiouyáéíóúàèìòùâêîôûäëïöüœ]"
ENGLISH = """
é=eɪ ^kn=n ^wr=ɹ ^ps=s ^gn=n ^wh=w ^x=z mb$=m mn$=m bt$=t gh(t)=- igh=aɪ eigh=eɪ augh=ɔ ough=ɔ gh=-
tion$=ʃ.ə.n sion$=ʒ.ə.n tious$=ʃ.ə.s cious$=ʃ.ə.s ture$=tʃ.ɝ tch=tʃ dge=dʒ sch=ʃ ch=tʃ sh=ʃ
th=θ ph=f ck=k qu=k.w wh=w ng$=ŋ nk=ŋ.k sc(?=[eiy])=s c(?=[eiy])=s c=k g(?=[ey])=dʒ
gg=ɡ gu(?=[ei])=ɡ eau=oʊ oo=u ou=aʊ ow$=oʊ ow=aʊ oy=ɔɪ oi=ɔɪ oa=oʊ
ai=eɪ ay=eɪ ee=i ea=i ei=i ey$=i ey=eɪ ie$=i ie=i
eu=u ew=u ue$=u au=ɔ aw=ɔ ar=ɑ.ɹ er=ɝ ir=ɝ ur=ɝ or=ɔ.ɹ
a(?=[^aeiouy]e$)=eɪ i(?=[^aeiouy]e$)=aɪ o(?=[^aeiouy]e$)=oʊ u(?=[^aeiouy]e$)=u
(?<=[^aeiou])le$=ə.l (?<=[aeiouy][^aeiou])e$=- e$=- ed$=d es$=z y$=i o$=oʊ a$=ə i$=i u$=u
bb=b dd=d ff=f kk=k ll=l mm=m nn=n pp=p rr=ɹ ss=s tt=t zz=z vv=v
a=æ e=ɛ i=ɪ o=ɑ u=ʌ y(?=[aeiou])=j y=ɪ b=b d=d f=f g=ɡ h=h j=dʒ k=k l=l m=m n=n p=p r=ɹ s=s t=t
v=v w=w x=k.s z=z q=k
"""
GERMAN = f"""
tsch=tʃ sch=ʃ chs=k.s (?<=[aou])ch=x ch=ç ck=k ph=f pf=p.f qu=k.v ^sp=ʃ.p ^st=ʃ.t ss=s ß=s tz=t.s
z=t.s th=t v=f w=v ei=aɪ ai=aɪ ey=aɪ eu=ɔʏ äu=ɔʏ au=aʊ ie=i aa=a ee=e oo=o (?<={V})h=- h=h
ng=ŋ nk=ŋ.k x=k.s ig$=ɪ.ç er$=ɐ en$=ə.n el$=ə.l em$=ə.m e$=ə s(?={V})=z ^ge=ɡ.ə ^be=b.ə
bb=b dd=d ff=f gg=ɡ kk=k ll=l mm=m nn=n pp=p rr=ʁ tt=t zz=t.s b$=p d$=t g$=k
ä=ɛ ö=ø ü=y y=y a=a e=e i=ɪ o=o u=ʊ b=b c=k d=d f=f g=ɡ j=j k=k l=l m=m n=n p=p q=k r=ʁ s=s t=t
"""
SPANISH = """
ch=tʃ ll=ʝ rr=r qu(?=[eiéí])=k gu(?=[eiéí])=ɡ gü=ɡ.w c(?=[eiéí])=θ z=θ g(?=[eiéí])=x j=x h=- ñ=ɲ
y$=i y=ʝ (?<=[aeo])i=j i(?=[aeoáéó])=j u(?=[aeiáéíó])=w v=b w=w x=k.s cc=k.θ
á=a é=e í=i ó=o ú=u ü=u a=a e=e i=i o=o u=u b=b c=k d=d f=f g=ɡ k=k l=l m=m n=n p=p q=k r=ɾ s=s t=t
"""
FRENCH = f"""
ent$=- eaux$=o eau=o aux$=o au=o ou(?={V})=w ou=u oin=w.ɛ oy=w.a.j oi=w.a ain=ɛ ein=ɛ aim$=ɛ
(?<=i)en(?!{V})=ɛ [ae][nm](?![nmaeiouyéèêàâ])=ɑ [iy][nm](?![nmaeiouyéèêàâ])=ɛ
o[nm](?![nmaeiouyéèêàâ])=ɔ u[nm](?![nmaeiouyéèêàâ])=œ
ch=ʃ ph=f gn=ɲ qu=k gu(?=[eiéèê])=ɡ ge(?=[ao])=ʒ g(?=[eiyéèê])=ʒ c(?=[eiyéèê])=s ç=s j=ʒ th=t h=-
aill=a.j eill=ɛ.j euill=œ.j ouill=u.j ill=i.j ail$=a.j eil$=ɛ.j œu=ø eu=ø ai=ɛ ei=ɛ
er$=e ez$=e (?<=..)es$=- ^es$=ɛ ^et$=e (?<=..)e$=- (?<=[aeiouyéèê])s(?=[aeiouyéèê])=z ss=s
bb=b cc=k dd=d ff=f ll=l mm=m nn=n pp=p rr=ʁ tt=t (?<=..)[tdspxz]+$=-
é=e è=ɛ ê=ɛ ë=ɛ à=a â=a î=i ï=i ô=o û=y ù=y ü=y œ=œ a=a e=ə i(?={V})=j i=i o=o u(?=i)=w u=y y=i
b=b c=k d=d f=f g=ɡ k=k l=l m=m n=n p=p q=k r=ʁ s=s t=t v=v w=w x=k.s z=z
"""
ITALIAN = """
gli=ʎ gn=ɲ sci(?=[aou])=ʃ sc(?=[eièé])=ʃ ci(?=[aou])=tʃ cc(?=[eièé])=tʃ c(?=[eièé])=tʃ ch=k cch=k
gi(?=[aou])=dʒ gg(?=[eièé])=dʒ g(?=[eièé])=dʒ gh=ɡ qu=k.w cq=k zz=t.s z=t.s h=-
bb=b cc=k dd=d ff=f gg=ɡ ll=l mm=m nn=n pp=p rr=r ss=s tt=t vv=v (?<=[aeiou])s(?=[aeiou])=z
i(?=[aeoàèò])=j u(?=[aeioàèìò])=w à=a è=ɛ é=e ì=i ò=ɔ ù=u a=a e=e i=i o=o u=u
b=b c=k d=d f=f g=ɡ j=j k=k l=l m=m n=n p=p q=k r=r s=s t=t v=v w=v x=k.s y=i
"""
RULES = {"en": ENGLISH, "de": GERMAN, "es": SPANISH, "fr": FRENCH, "it": ITALIAN}


@lru_cache(maxsize=8)
def _rules(language: str) -> Rules:
    parts = (part.rpartition("=") for part in RULES[language].split())
    # an assertion holds a `=`, too, so the last one parts letters and sounds
    return tuple(
        (re.compile(letters), () if sounds == "-" else tuple(sounds.split(".")))
        for letters, _, sounds in parts
    )


def spelled_out(word: str, language: str) -> tuple[str, ...]:
    """The word's sounds by the rules of the language; letters that it does not have are mute."""
    sounds: list[str] = []
    at = 0
    while at < len(word):
        for pattern, rule in _rules(language):
            if match := pattern.match(word, at):
                sounds += rule
                at = max(match.end(), at + 1)
                break
        else:
            at += 1
    return tuple(sounds)
