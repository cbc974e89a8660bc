select D.DID, D.PCODE, D.DCODE, D.PDATE, D.SCHNUM
from DAILYPLAN D
where {slice}
