select {site:delete_trace_record:X:KRN_SYS_DELETE_TRACE|null} as FM_ACCOUNT_TRAN_ID
from KRN_SYS_DELETE_TRACE X
where {site:delete_trace_table:X:KRN_SYS_DELETE_TRACE|null} = 'FM_ACCOUNT_TRAN' and {slice}
