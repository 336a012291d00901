# packages: sqlparse
import sqlparse

sql = "select a, b from t1 join t2 on t1.id=t2.id where a = 'x;y' and b in (select 1) order by 1; insert into t values (1)"
print(sqlparse.format(sql, reindent=True, keyword_case="upper"), sqlparse.split(sql))
print(
    [(str(t.ttype), t.value) for t in sqlparse.parse(sql)[0].tokens if not t.is_whitespace],
    sqlparse.parse(sql)[1].get_type(),
)
