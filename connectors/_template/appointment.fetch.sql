-- fill me in
select V.ID, V.PATIENT_ID, V.DOCTOR_ID, V.VISIT_DATE, V.START_MIN, V.END_MIN, V.STATE, V.CHANGED_AT
from VISITS V
where {slice}
