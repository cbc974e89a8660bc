select P.ID, P.ID_Patients, P.ID_OwnCompanies, P.PaidAt, P.Amount, P.Kind, P.Method, P.Payer, P.ID_Limits, P.ChangedAt
from MisGatewayPayments P
where {slice}
