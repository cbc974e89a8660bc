-- CLHISTNUM: an attachment (policy). AMOUNTRUB is the price of the attachment unless the clinic confirms that it holds the limit there.
with read as (
    select *, case
            when instr(',' || site('barter_agreement_types') || ',', ',' || agrtype || ',') > 0 then 'barter'
            when instr(fold(coalesce(jname, '') || ' ' || coalesce(agname, '')), 'бартер') > 0 then 'barter'
            when instr(',' || site('gift_agreement_types') || ',', ',' || agrtype || ',') > 0 then 'gift'
            when instr(',' || site('corporate_agreement_types') || ',', ',' || agrtype || ',') > 0 then 'corporate'
            else 'insurance'
        end as account from rows
)
select histid as source_id,
    pcode as patient_source_id,
    account as kind,
    coalesce(nullif(trim(jname), ''), trim(agname)) as payer_name,
    nsp as policy_number,
    money(amountrub) as granted,
    iso_date(bdate) as valid_from,
    iso_date(fdate) as valid_to,
    local_ts(null, datecancel) as cancelled_at,
    local_ts(null, modifydate) as source_modified_at,
    case
        when pcode is null or pcode <= 0 then 'no person: a placeholder row'
        when coalesce(site('limit_amount'), 'none') <> 'amountrub' then 'AMOUNTRUB is no limit here (site: limit_amount)'
        when amountrub is null or amountrub <= 0 then 'attachment without a sum'
    end as skip_reason
from read
