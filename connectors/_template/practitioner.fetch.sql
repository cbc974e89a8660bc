-- WHICH rows, in the MIS's own dialect. fill me in: its tables and columns
select D.ID, D.FULL_NAME, D.SPECIALITY, D.DISMISSED
from DOCTORS D
where {slice}
