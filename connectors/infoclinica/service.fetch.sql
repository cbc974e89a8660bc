select W.SCHID, W.KODOPER, W.SCHNAME, P.SNAME, W.WTYPE,
    {site:nomenclature_column:W:WSCHEMA|null} as NOMENCLATURE
from WSCHEMA W
left join SPECIALITY P on P.SCODE = W.SPECCODE
where {slice}
