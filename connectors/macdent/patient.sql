-- One field holds the whole name, «Фамилия Имя Отчество».
with a as (select *, trim(name) || '  ' as f from rows),
     b as (select *, substr(f, 1, instr(f, ' ') - 1) as w1, ltrim(substr(f, instr(f, ' '))) as r1 from a),
     c as (select *, substr(r1, 1, instr(r1, ' ') - 1) as w2, ltrim(substr(r1, instr(r1, ' '))) as r2 from b)
select id as source_id, w1 as last_name, w2 as first_name, r2 as middle_name, iso_date(birth) as birth_date, phones(phone) as phones, where_know as channel from c
