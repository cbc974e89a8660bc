select E.ID, E.ID_TreatmentPlans, T.DateTimeCreated, T.ID_Patients,
    {column:G:TreatmentPlanStages.Order|null} as STAGE, {column:N:TreatmentPlanElements.Order|null} as PLACE, N.Name as ELEMENT,
    E.DiscountSum, {site:plan_quantity_column:E:TreatmentPlanElementRelations|null} as QUANTITY,
    {site:price_column:Z:ServiceItemPrices|Z.Price} as PRICE,
    S.ID as SERVICE_ID, S.Name, {site:nomenclature_column:S:ServiceItems|null} as NOMENCLATURE,
    (select min(K.Code) from ServiceItemContents K
      where K.ID_ServiceItems = S.ID and K.DateTimeFrom = coalesce(
        (select max(X.DateTimeFrom) from ServiceItemContents X where X.ID_ServiceItems = S.ID and X.DateTimeFrom <= T.DateTimeCreated),
        (select min(X.DateTimeFrom) from ServiceItemContents X where X.ID_ServiceItems = S.ID)
      )) as CODE,
    E.TeethLong,
    {site:alternative_group_column:E:TreatmentPlanElementRelations|null} as ALTERNATIVE,
    {site:alternative_chosen_column:E:TreatmentPlanElementRelations|null} as CHOSEN
from TreatmentPlanElementRelations E
join TreatmentPlans T on T.ID = E.ID_TreatmentPlans
left join TreatmentPlanStages G on G.ID = E.ID_TreatmentPlanStages
left join TreatmentPlanElements N on N.ID = E.ID_TreatmentPlanElements
left join ServiceItemPrices Z on Z.ID = E.ID_ServicePrices
left join ServiceItems S on S.ID = Z.ID_ServiceItems
where {slice}
