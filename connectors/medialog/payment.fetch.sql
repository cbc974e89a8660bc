-- Z is every row, and beside them what the delete trace says is gone, where the site names the trace's columns (DELETED_AT, nothing else).
select Z.FM_ACCOUNT_TRAN_ID, Z.DELETED_AT, Y.PATIENTS_ID, Z.TRAN_DATE, T.TRAN_TYPE, T.TRAN_SUM, T.FM_MAIN_TRAN_ID,
    {column:T:FM_ACCOUNT_TRAN.FM_TRAN_CREDIT_ID|null} as FM_TRAN_CREDIT_ID, {column:T:FM_ACCOUNT_TRAN.CASH|null} as CASH,
    T.FM_PAYMODE_ID, M.CODE as MODE_CODE, M.LABEL as MODE_LABEL,
    (select min(cast(L.CUSTOM as varchar(4000))) from {table:METAFIELD|(select '' as TABLE_NAME, '' as FIELD_NAME, '' as CUSTOM)} L
      where L.TABLE_NAME = 'FM_ACCOUNT_TRAN' and L.FIELD_NAME = 'TRAN_TYPE') as LOOKUP,
    Z.KRN_CREATE_DATE, Z.KRN_MODIFY_DATE
from (
    select T.FM_ACCOUNT_TRAN_ID, T.TRAN_DATE, {column:T:FM_ACCOUNT_TRAN.KRN_CREATE_DATE|T.TRAN_DATE} as KRN_CREATE_DATE,
        {column:T:FM_ACCOUNT_TRAN.KRN_MODIFY_DATE|T.TRAN_DATE} as KRN_MODIFY_DATE, cast(null as datetime) as DELETED_AT
    from FM_ACCOUNT_TRAN T
    union all
    select cast({site:delete_trace_record:X:KRN_SYS_DELETE_TRACE|null} as int) as FM_ACCOUNT_TRAN_ID,
        cast(null as datetime) as TRAN_DATE, cast(null as datetime) as KRN_CREATE_DATE, cast(null as datetime) as KRN_MODIFY_DATE, X.DATE_DELETE as DELETED_AT
    from {table:KRN_SYS_DELETE_TRACE|(select P.KRN_CREATE_DATE as DATE_DELETE from PATIENTS P)} X
    where {site:delete_trace_table:X:KRN_SYS_DELETE_TRACE|null} = 'FM_ACCOUNT_TRAN'
        and not exists (select 1 from FM_ACCOUNT_TRAN E where E.FM_ACCOUNT_TRAN_ID = {site:delete_trace_record:X:KRN_SYS_DELETE_TRACE|null})
) Z
left join FM_ACCOUNT_TRAN T on T.FM_ACCOUNT_TRAN_ID = Z.FM_ACCOUNT_TRAN_ID
left join FM_ACCOUNT Y on Y.FM_ACCOUNT_ID = T.FM_ACCOUNT_ID
left join FM_PAYMODE M on M.FM_PAYMODE_ID = T.FM_PAYMODE_ID
where {slice}
