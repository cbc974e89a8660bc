select item_id as source_id, plan_id as plan_source_id, stage, place as position, service_code, service_name, nomenclature,
    case when teeth is not null then teeth(teeth) end as teeth, decimal(quantity) as quantity, money(total) as total
from rows
