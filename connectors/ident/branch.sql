-- OwnCompanies is branch and legal entity at once. Its Name may be a person's (a sole proprietor's), so that only a tax number tells who bills.
select id as source_id,
    coalesce(nullif(trim(branchname), ''), nullif(trim(name), ''), 'Филиал ' || id) as name,
    nullif(trim(tax_number), '') as legal_entity
from rows
