select F.FILID, F.FULLNAME, F.SHORTNAME
from FILIALS F
where {slice}
