select T.ID, T.Name, T.ID_Patients, T.ID_Staffs, T.DateTimeCreated, T.IsActive
from TreatmentPlans T
where {slice}
