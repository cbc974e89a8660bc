select P.ID, P.ID_Patients, P.Kind, P.PayerName, P.PolicyNumber, P.Granted, P.Used, P.ValidFrom, P.ValidTo, P.CancelledAt,
    P.OverrunPayer, P.DiscountsAllowed, P.ApprovalRequired, P.ChangedAt
from MisGatewayLimits P
where {slice}
