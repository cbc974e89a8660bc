select {site:delete_trace_record:X:KRN_SYS_DELETE_TRACE|null} as FM_PAYMENTS_ID
from KRN_SYS_DELETE_TRACE X
where {site:delete_trace_table:X:KRN_SYS_DELETE_TRACE|null} = 'FM_PAYMENTS' and {slice}
