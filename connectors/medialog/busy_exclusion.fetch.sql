-- C is a calendar: the days from the day before yesterday to 67 days ahead. N counts days (0000-03-01 is 0), by whole numbers alone, because the functions for
-- dates differ from server to server; `distinct` makes the server work a step out once instead of writing it into the next. WEEKDAY 1 is Monday.
select L.EXCLUSION_KEY, {column:S:PL_SUBJ.FM_INTORG_ID|null} as BRANCH_ID, {column:S:PL_SUBJ.MEDECINS_ID|null} as DOCTOR_ID,
    {column:S:PL_SUBJ.OWNER_TYPE|null} as OWNER_TYPE, {column:S:PL_SUBJ.OWNER_ID|null} as OWNER_ID, {column:S:PL_SUBJ.LIEU|null} as LIEU,
    L.EXCLUSION_OWNER, L.DAY_AT, L.USE_TIME, L.FROM_TIME, L.TO_TIME, L.KRN_CREATE_DATE, L.KRN_MODIFY_DATE
from (
    select cast(E.PL_EXCL_ID as bigint) * 100000 + C.N - 730485 as EXCLUSION_KEY, coalesce({column:E:PL_EXCL.PL_SUBJ_ID|null}, E.OWNER_ID) as PL_SUBJ_ID,
        E.OWNER_TYPE as EXCLUSION_OWNER, C.DAY_AT, E.USE_TIME, E.FROM_TIME, E.TO_TIME, {column:E:PL_EXCL.KRN_CREATE_DATE|null} as KRN_CREATE_DATE, {column:E:PL_EXCL.KRN_MODIFY_DATE|null} as KRN_MODIFY_DATE
    from PL_EXCL E
    join (
        select distinct K.N, K.Y, K.M, K.D, (K.N + 2) % 7 + 1 as WEEKDAY, cast(cast(K.Y * 10000 + K.M * 100 + K.D as varchar(8)) as date) as DAY_AT
        from (
            select distinct J.N, 2000 + J.Q + (J.P + 2) / 12 as Y, (J.P + 2) % 12 + 1 as M, J.DOY - (153 * J.P + 2) / 5 + 1 as D
            from (
                select distinct H.N, H.Q, H.N - 730485 - 1461 * H.Q / 4 as DOY, (5 * (H.N - 730485 - 1461 * H.Q / 4) + 2) / 153 as P
                from (
                    select distinct T.N - 2 + 10 * U.I + V.I as N, (4 * (T.N - 2 + 10 * U.I + V.I - 730485) + 3) / 1461 as Q
                    from (select distinct 365 * R.Y + R.Y / 4 - R.Y / 100 + R.Y / 400 + (153 * R.M + 2) / 5 + R.D - 1 as N
                          from (select S.Y - (14 - S.M) / 12 as Y, (S.M + 9) % 12 as M, S.D
                                from (select cast(substring(cast(cast(CURRENT_TIMESTAMP as date) as varchar(10)), 1, 4) as int) as Y,
                                             cast(substring(cast(cast(CURRENT_TIMESTAMP as date) as varchar(10)), 6, 2) as int) as M,
                                             cast(substring(cast(cast(CURRENT_TIMESTAMP as date) as varchar(10)), 9, 2) as int) as D) S) R) T
                    cross join (select 0 as I union all select 1 union all select 2 union all select 3 union all select 4 union all select 5 union all select 6) U
                    cross join (select 0 as I union all select 1 union all select 2 union all select 3 union all select 4
                                union all select 5 union all select 6 union all select 7 union all select 8 union all select 9) V
                ) H
            ) J
        ) K
    ) C on C.DAY_AT >= cast(E.FROM_DATE as date) and C.DAY_AT <= cast(coalesce(E.TO_DATE, E.FROM_DATE) as date)
) L
left join PL_SUBJ S on S.PL_SUBJ_ID = L.PL_SUBJ_ID
where {slice}
