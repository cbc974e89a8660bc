select S.ID, S.Name, S.NotAService, {site:nomenclature_column:S:ServiceItems|null} as NOMENCLATURE,
    (select min(K.Code) from ServiceItemContents K
      where K.ID_ServiceItems = S.ID and K.DateTimeFrom = (
        select max(X.DateTimeFrom) from ServiceItemContents X where X.ID_ServiceItems = S.ID and X.DateTimeFrom <= CURRENT_TIMESTAMP
      )) as CODE,
    F.Name as FOLDER, G.Name as CATEGORY, A.PRICE_MIN, A.PRICE_MAX
from ServiceItems S
left join ServiceFolders F on F.ID = (
    select min(K.ID_ServiceFoldersParent) from ServiceItemContents K
      where K.ID_ServiceItems = S.ID and K.DateTimeFrom = (
        select max(X.DateTimeFrom) from ServiceItemContents X where X.ID_ServiceItems = S.ID and X.DateTimeFrom <= CURRENT_TIMESTAMP
      ))
left join ServiceCategories G on G.ID = F.ID_ServiceCategories
left join (
    select Z.ID_ServiceItems, min({site:price_column:Z:ServiceItemPrices|Z.Price}) as PRICE_MIN,
        max({site:price_column:Z:ServiceItemPrices|Z.Price}) as PRICE_MAX
    from ServiceItemPrices Z
    left join ServicePriceGroups Y on Y.ID = Z.ID_ServicePriceGroups
    where Z.DateTimeFrom <= CURRENT_TIMESTAMP and (Z.DateTimeTo is null or Z.DateTimeTo > CURRENT_TIMESTAMP)
      and (Y.Archive is null or Y.Archive = 0)
    group by Z.ID_ServiceItems
) A on A.ID_ServiceItems = S.ID
where {slice}
