select code as source_id, code, name, nomenclature, category, money(price) as price from rows
