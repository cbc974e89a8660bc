select L.ID, O.ID_Receptions, O.ID_OwnCompanies, O.DateTimeOrder, O.DateTimeBillFormed,
    R.ID_Patients, {column:O:Orders.ID_Patients|null} as ORDER_PATIENT,
    {site:order_patient_column:O:Orders|null} as SITE_PATIENT, R.ID_Staffs, {site:line_doctor_column:L:OrderServiceRelation|null} as LINE_DOCTOR,
    R.ReceptionCanceled, R.ID_ReceptionCancelReasons, H.ID_OwnCompanies as CHAIR_COMPANY,
    {site:tax_number_column:B:OwnCompanies|null} as TAX_NUMBER,
    L.CountService, L.DiscountSum, {site:price_column:Z:ServiceItemPrices|Z.Price} as PRICE,
    S.ID as SERVICE_ID, S.Name, S.NotAService, {site:nomenclature_column:S:ServiceItems|null} as NOMENCLATURE,
    (select min(K.Code) from ServiceItemContents K
      where K.ID_ServiceItems = S.ID and K.DateTimeFrom = coalesce(
        (select max(X.DateTimeFrom) from ServiceItemContents X where X.ID_ServiceItems = S.ID and X.DateTimeFrom <= O.DateTimeOrder),
        (select min(X.DateTimeFrom) from ServiceItemContents X where X.ID_ServiceItems = S.ID)
      )) as CODE,
    L.ID_TreatmentPlanElementRelations as PLAN_ITEM, E.TeethLong as PLAN_TEETH, {column:L:OrderServiceRelation.TeethLong|null} as LINE_TEETH,
    {site:line_teeth_column:L:OrderServiceRelation|null} as TEETH_TEXT,
    {site:line_limit_column:L:OrderServiceRelation|null} as LINE_LIMIT, {site:order_limit_column:O:Orders|null} as ORDER_LIMIT
from OrderServiceRelation L
join Orders O on O.ID = L.ID_Orders
left join Receptions R on R.ID = O.ID_Receptions
left join Armchairs H on H.ID = R.ID_Armchairs
left join OwnCompanies B on B.ID = O.ID_OwnCompanies
left join ServiceItemPrices Z on Z.ID = L.ID_ServicePrices
left join ServiceItems S on S.ID = Z.ID_ServiceItems
left join TreatmentPlanElementRelations E on E.ID = L.ID_TreatmentPlanElementRelations
where {slice}
