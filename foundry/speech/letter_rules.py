"""Letter-to-sound rules of English, for words outside the lexicon.

The method is that of Elovitz et al. (1976, "Letter-to-sound rules for automatic translation of
English text to phonetics"). Rules replace letters by phonemes; they apply to the whole text one
after the other, so longer and rarer spellings come first. The result is intelligible, but not
always right.
"""

_TABLE = r"""
tch CH | dge> JH | dg(?=[ei]) JH | sch S_K | eigh EY1 | igh AY1 | ough(?=t) AO1 | ough> OW1
augh AO1 | <kn N | <wr R | <ps S | <gn N | mb> M | mbs> M_Z | wh W | ph F | sh SH | ch CH | ck K
gh | qu K_W | th TH | ng> NG | ngs> NG_Z | ng(?=[aeiou]) NG_G | nk NG_K | xc K_S
+tion SH_AH0_N | +ssion SH_AH0_N | +sion ZH_AH0_N | +cian SH_AH0_N | +cial SH_AH0_L
+tial SH_AH0_L | +cious SH_AH0_S | +tious SH_AH0_S | +ture CH_ER0 | +sure> ZH_ER0 | +ous> AH0_S
+ages> IH0_JH_IH0_Z | +age> IH0_JH | +able> AH0_B_AH0_L | +ible> AH0_B_AH0_L
(?<=[bcdfgkpstz])les> AH0_L_Z | (?<=[bcdfgkpstz])le> AH0_L | (?<=[bcdfgkpstz])l(?=ed>) AH0_L
+ful> F_AH0_L | +ness> N_AH0_S | +ment> M_AH0_N_T | +ments> M_AH0_N_T_S | +less> L_AH0_S
+ly> L_IY0 | +ing> IH0_NG | +ings> IH0_NG_Z | +ance> AH0_N_S | +ence> AH0_N_S
+ary> EH2_R_IY0 | +ory> AO2_R_IY0 | +ity> IH0_DX_IY0
(?<=[td])ed> IH0_D | (?<=[pkfsxhKPFSCH])ed> T | +ed> D | +ers> ER0_Z | +er> ER0 | +or> ER0
(?<=[sxzgHcC])es> IH0_Z | +'s> Z | 's> Z | n't> N_T | 'll> L | 're> R | 've> V | 'd> D | 'm> M
' | air EH1_R | are> EH1_R | ear(?=[nt]) ER1 | eer IH1_R | ear IH1_R | ere> IH1_R | oar AO1_R
oor AO1_R | ore AO1_R | our AW1_ER0 | war W_AO1_R | wor W_ER1 | ire> AY1_ER0 | ure Y_UH1_R
arr AE1_R | err EH1_R | ar AA1_R | er ER1 | ir ER1 | or AO1_R | ur ER1
eau OW1 | ee IY1 | ea IY1 | ei EY1 | <([a-z])ie> AY1 | ies> IY0_Z | ie> IY0 | ie IY1 | ey> IY0
ai EY1 | ay EY1 | au AO1 | aw AO1 | oa OW1 | oi OY1 | oy OY1 | ook UH1_K | oo UW1 | ou AW1
ows> OW1_Z | ow> OW1 | ow AW1 | oe> OW1 | ue> UW1 | ui UW1 | ew UW1 | eu Y_UW1
a(?=[bcdfgklmnpstvz]es?>) EY1 | e(?=[bcdfgklmnpstvz]es?>) IY1 | i(?=[bcdfgklmnpstvz]es?>) AY1
o(?=[bcdfgklmnpstvz]es?>) OW1 | u(?=[bcdfgklmnpstvz]es?>) UW1
ces> S_IH0_Z | ce> S | ges> JH_IH0_Z | ge> JH
(?<=[a-zA-Z0-9_])e> | (?<=[bdfklmnprtvwyBDFKLMNPRTV_])e(?=s>)
ild AY1_L_D | ind> AY1_N_D | old OW1_L_D | olk OW1_K | alk AO1_K | all AO1_L | al(?=[tk]) AO1_L
+en> AH0_N | +et> IH0_T | +ets> IH0_T_S | +al> AH0_L | +als> AH0_L_Z | +on> AH0_N | +an> AH0_N
+ent> AH0_N_T | +ic> IH0_K | wa W_AA1 | +a> AH0 | <a> AH0 | <a(?=[bcdfglmnpst][aeiou]) AH0
<re(?=[bcdfglmnpst][aeiou_]) R_IH0 | <be(?=[cfghlntw][aeiou_]) B_IH0
+y> IY0 | <y Y | +o> OW0 | +i> IY0 | i(?=[aeo]) IY0 | a AE1 | e EH1 | i IH1 | o AA1 | u AH1 | y IH1
sc(?=_?[IEY]) S | c(?=_?(IH|IY|AY|EH|EY|ER)) S | c K
g(?=_?(IH|EH|IY0|ER0)) JH | bb B | dd D | ff F | gg G | kk K | ll L | mm M | nn N
pp P | rr R | ss S | tt T | vv V | zz Z | (?<=[bdgmnvlr])s> Z | (?<=[0-9]_)s> Z
(?<=[DLMNRVBG]_)s> Z | b B | d D | f F | g G | h HH | j JH | k K | l L | m M | n N | p P
q K | r R | s S | t T | v V | w W | x K_S | z Z
"""
_WITHIN = "[a-zA-Z0-9_']"
"""Characters of a word while the rules apply."""


def _rules():
    """Yield the rules: ``<`` is the start of a word, ``>`` its end, ``+`` not its start."""
    for rule in " | ".join(_TABLE.strip().splitlines()).split(" | "):
        pattern, *phonemes = rule.split()
        for sign, meaning in (
            ("(?<=", "\0="),  # a lookbehind, not the start of a word
            ("<", f"(?<!{_WITHIN})"),
            ("\0=", "(?<="),
            (">", f"(?!{_WITHIN})"),
        ):
            pattern = pattern.replace(sign, meaning)
        if pattern.startswith("+"):
            pattern = f"(?<={_WITHIN})" + pattern[1:]
        yield pattern, "".join(phonemes)


RULES = list(_rules())
"""Pairs of a regular expression on lower-case letters and the phonemes that replace the match."""
