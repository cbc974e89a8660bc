select S.FM_SERV_ID, S.CODE, S.LABEL, {column:S:FM_SERV.CODE_AN|null} as CODE_AN, {site:nomenclature_column:S:FM_SERV|null} as NOMENCLATURE,
    {column:S:FM_SERV.SERV_TYPE|null} as SERV_TYPE, G.CODE as GROUP_CODE, {column:G:FM_SERVGRP.LABEL|null} as GROUP_LABEL
from FM_SERV S
left join FM_SERVGRP G on G.FM_SERVGRP_ID = S.FM_SERVGRP_ID
where {slice}
