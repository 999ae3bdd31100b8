-- The workload of "./install.sh demo": five tables, each with garbage of another shape.

-- Hot spot: a few rows change all the time, the others hardly ever.
CREATE TABLE accounts (id integer PRIMARY KEY, balance bigint NOT NULL, owner text NOT NULL);
-- A queue: jobs come in at the end and are deleted from the front.
CREATE TABLE jobs (id bigserial PRIMARY KEY, payload text NOT NULL);
-- Even load: every row is as likely to change as any other.
CREATE TABLE readings (id integer PRIMARY KEY, value double precision NOT NULL, place text NOT NULL);
CREATE INDEX ON readings (value);
-- Bulk delete: a stretch of old rows goes at once.
CREATE TABLE sessions (id integer PRIMARY KEY, ended_at timestamptz NOT NULL, agent text NOT NULL);
-- Imports that are rolled back: garbage that was never a visible row.
CREATE TABLE imports (id bigserial PRIMARY KEY, batch integer NOT NULL, line text NOT NULL);

INSERT INTO accounts SELECT i, 100, repeat('o', 60) FROM generate_series(1, 60000) i;
INSERT INTO readings SELECT i, random(), repeat('p', 60) FROM generate_series(1, 60000) i;
INSERT INTO sessions SELECT i, now() - i * interval '1 s', repeat('a', 60) FROM generate_series(1, 76000) i;
INSERT INTO jobs (payload) SELECT repeat('j', 80) FROM generate_series(1, 30000);
INSERT INTO imports (batch, line) SELECT 0, repeat('i', 90) FROM generate_series(1, 20000);
CHECKPOINT;

DO $$
BEGIN
    PERFORM setseed(0.42);
    FOR round IN 1 .. 40 LOOP
        UPDATE accounts SET balance = balance + 1
         WHERE id IN (SELECT (60000 * power(random(), 6))::integer FROM generate_series(1, 1500));
        UPDATE readings SET value = random()
         WHERE id IN (SELECT (60000 * random())::integer FROM generate_series(1, 800));
        INSERT INTO jobs (payload) SELECT repeat('j', 80) FROM generate_series(1, 500);
        DELETE FROM jobs WHERE id IN (SELECT id FROM jobs ORDER BY id LIMIT 500);
        COMMIT;
    END LOOP;
END
$$;

DELETE FROM sessions WHERE id % 97 = 0;
DELETE FROM sessions WHERE id BETWEEN 40000 AND 60000;

BEGIN;
INSERT INTO imports (batch, line) SELECT 1, repeat('x', 90) FROM generate_series(1, 9000);
ROLLBACK;
INSERT INTO imports (batch, line) SELECT 2, repeat('i', 90) FROM generate_series(1, 10000);
BEGIN;
INSERT INTO imports (batch, line) SELECT 3, repeat('i', 90) FROM generate_series(1, 5000);
SAVEPOINT bad_part;
INSERT INTO imports (batch, line) SELECT 3, repeat('x', 90) FROM generate_series(1, 4000);
UPDATE imports SET line = 'x' WHERE batch = 2 AND id % 10 = 0;
ROLLBACK TO SAVEPOINT bad_part;
COMMIT;
BEGIN;
DELETE FROM accounts WHERE id > 30000;
ROLLBACK;
