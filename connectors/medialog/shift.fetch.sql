-- C is a calendar: the days from the day before yesterday to 67 days ahead. N counts days (0000-03-01 is 0), by whole numbers alone, because the functions for
-- dates differ from server to server; `distinct` makes the server work a step out once instead of writing it into the next. WEEKDAY 1 is Monday.
-- M says which typical day (PL_DAY) each schedule follows on each day: the first that fits, by DAY_ORDER. Nothing or 0 in a rule fits every day. GRID is the week's
-- place in the rotation (SEMAINES + 1 weekly grids); which of them a week follows is said by the map. A day belongs to a grid (PL_AGEND_ID), or to one schedule alone.
select M.SHIFT_KEY, {column:S:PL_SUBJ.FM_INTORG_ID|null} as BRANCH_ID, {column:S:PL_SUBJ.MEDECINS_ID|null} as DOCTOR_ID,
    {column:S:PL_SUBJ.OWNER_TYPE|null} as OWNER_TYPE, {column:S:PL_SUBJ.OWNER_ID|null} as OWNER_ID, {column:S:PL_SUBJ.LIEU|null} as LIEU,
    {column:S:PL_SUBJ.ARCHIVE|null} as ARCHIVE, {column:S:PL_SUBJ.FORBID_AFTER_DATE|null} as FORBID_AFTER_DATE, S.SEMAINES, S.START_FROM,
    M.GRID, M.N as DAY_NUMBER, M.DAY_AT, X.ENABLED, X.START_TIME, X.END_TIME, X.DUREE_TRANCHE
from (
    select D.PL_SUBJ_ID, D.GRID, C.N, C.DAY_AT, min(cast(coalesce(D.DAY_ORDER, 0) as bigint) * 10000000000 + D.PL_DAY_ID) % 10000000000 as DAY_ID,
        cast(D.PL_SUBJ_ID as bigint) * 1000000 + (C.N - 730485) * 10 + D.GRID as SHIFT_KEY
    from (
        select distinct S.PL_SUBJ_ID, S.GRID, D.PL_DAY_ID, D.DAY_ORDER, D.DAY_OF_WEEK, D.DAY_OF_MONTH, D.DAY_MONTH, D.DAY_YEAR, D.DAY_EVEN, D.DAY_WEEK,
            D.DAY_WEEK_MONTH, D.PERIOD_FROM, D.PERIOD_TO, {column:D:PL_DAY.INTERVAL_WORK|0} as DAYS_ON, {column:D:PL_DAY.INTERVAL_OFF|0} as DAYS_OFF, F.N as FIRST_N
        from (
            select distinct E.PL_SUBJ_ID, E.GRID, case when O.OWN = 1 then 0 - E.PL_SUBJ_ID else E.AGEND_ID end as OWNER
            from (
                select S.PL_SUBJ_ID, G.GRID, case G.GRID when 1 then S.PL_AGEND_ID1 when 2 then S.PL_AGEND_ID2 when 3 then S.PL_AGEND_ID3 else S.PL_AGEND_ID4 end as AGEND_ID
                from PL_SUBJ S
                join (select 1 as GRID union all select 2 union all select 3 union all select 4) G on G.GRID <= coalesce(S.SEMAINES, 0) + 1
            ) E
            cross join (select 0 as OWN union all select 1) O
        ) S
        join PL_DAY D on coalesce(D.PL_AGEND_ID, 0 - D.PL_SUBJ_ID) = S.OWNER
        left join (
            select distinct R.PL_DAY_ID, 365 * R.Y + R.Y / 4 - R.Y / 100 + R.Y / 400 + (153 * R.M + 2) / 5 + R.D - 1 as N
            from (select F.PL_DAY_ID, F.Y - (14 - F.M) / 12 as Y, (F.M + 9) % 12 as M, F.D
                  from (select B.PL_DAY_ID, cast(substring(B.FIRST_DAY, 1, 4) as int) as Y, cast(substring(B.FIRST_DAY, 6, 2) as int) as M,
                            cast(substring(B.FIRST_DAY, 9, 2) as int) as D
                        from (select PL_DAY_ID, cast(cast({column:PL_DAY.INTERVAL_STARTFROM|null} as date) as varchar(10)) as FIRST_DAY from PL_DAY) B) F) R
        ) F on F.PL_DAY_ID = D.PL_DAY_ID
    ) D
    cross join (
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
    ) C
    where coalesce(D.DAY_OF_WEEK, 0) in (0, C.WEEKDAY) and coalesce(D.DAY_OF_MONTH, 0) in (0, C.D) and coalesce(D.DAY_MONTH, 0) in (0, C.M)
        and coalesce(D.DAY_YEAR, 0) in (0, C.Y - 1995) and coalesce(D.DAY_EVEN, 0) in (0, 1 + C.D % 2)
        and coalesce(D.DAY_WEEK, 0) in (0, (C.D + (C.N - C.D + 3) % 7 - 1) / 7 + 1) and coalesce(D.DAY_WEEK_MONTH, 0) in (0, (C.D - 1) / 7 + 1)
        and (D.PERIOD_FROM is null or C.DAY_AT >= cast(D.PERIOD_FROM as date)) and (D.PERIOD_TO is null or C.DAY_AT <= cast(D.PERIOD_TO as date))
        and (coalesce(D.DAYS_ON, 0) = 0 or (C.N >= D.FIRST_N and (C.N - D.FIRST_N) % nullif(D.DAYS_ON + coalesce(D.DAYS_OFF, 0), 0) < D.DAYS_ON))
    group by D.PL_SUBJ_ID, D.GRID, C.N, C.DAY_AT
) M
join PL_SUBJ S on S.PL_SUBJ_ID = M.PL_SUBJ_ID
join PL_DAY X on X.PL_DAY_ID = M.DAY_ID
where {slice}
