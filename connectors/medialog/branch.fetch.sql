select O.FM_ORG_ID, O.LABEL, {column:O:FM_ORG.SHORT_LABEL|null} as SHORT_LABEL, {column:O:FM_ORG.ORGN|null} as ORGN
from FM_ORG O
where exists (select 1 from PL_SUBJ S where {column:S:PL_SUBJ.FM_INTORG_ID|null} = O.FM_ORG_ID) and {slice}
