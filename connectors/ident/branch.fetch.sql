select B.ID, B.Name, B.BranchName, {site:tax_number_column:B:OwnCompanies|null} as TAX_NUMBER
from OwnCompanies B
where {slice}
