select filid as source_id,
    coalesce(nullif(trim(fullname), ''), nullif(trim(shortname), ''), 'Филиал ' || filid) as name
from rows
