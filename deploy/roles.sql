-- Roles and database of the portal, for psql as a superuser. Safe to run again.
-- Production mounts this file into /docker-entrypoint-initdb.d; the embedded server runs it at every start.
-- Needs PORTAL_MIGRATOR_PASSWORD, PORTAL_WEB_PASSWORD and PORTAL_SEALER_PASSWORD in the environment.
\set ON_ERROR_STOP on
\set QUIET on
\getenv migrator_password PORTAL_MIGRATOR_PASSWORD
\getenv web_password PORTAL_WEB_PASSWORD
\getenv sealer_password PORTAL_SEALER_PASSWORD
\if :{?migrator_password}
\else
    DO $$ BEGIN RAISE EXCEPTION 'Set PORTAL_MIGRATOR_PASSWORD: the password of portal_migrator.'; END $$;
\endif
\if :{?web_password}
\else
    DO $$ BEGIN RAISE EXCEPTION 'Set PORTAL_WEB_PASSWORD: the password of portal_web.'; END $$;
\endif
\if :{?sealer_password}
\else
    DO $$ BEGIN RAISE EXCEPTION 'Set PORTAL_SEALER_PASSWORD: the password of portal_sealer.'; END $$;
\endif

-- Groups without login: who owns the tables, who reads, who runs the application, who seals the trail.
SELECT format('CREATE ROLE %I NOLOGIN', name)
FROM unnest(ARRAY['auditportal_owner', 'auditportal_reader', 'auditportal_app', 'auditportal_sealer']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec

-- Logins: one for migrations, one for web and workers, one for the trail's sealer.
SELECT format('CREATE ROLE %I LOGIN', name)
FROM unnest(ARRAY['portal_migrator', 'portal_web', 'portal_sealer']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec
ALTER ROLE portal_migrator LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS
    PASSWORD :'migrator_password';
ALTER ROLE portal_web LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS
    PASSWORD :'web_password';
ALTER ROLE portal_sealer LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS
    PASSWORD :'sealer_password';

-- The migrator works as the owner from its first statement, so that everything it makes belongs to the owner.
GRANT auditportal_owner TO portal_migrator WITH INHERIT FALSE, SET TRUE;
ALTER ROLE portal_migrator SET role = 'auditportal_owner';

-- The application has its groups' rights and can become nobody else.
GRANT auditportal_app, auditportal_reader TO portal_web WITH INHERIT TRUE, SET FALSE;

-- The sealer seals, and can neither read a personal value nor a row of the application.
GRANT auditportal_sealer TO portal_sealer WITH INHERIT TRUE, SET FALSE;

-- Text compares by code point and folds case by Unicode, in the same way on every machine.
SELECT 'CREATE DATABASE auditportal OWNER auditportal_owner TEMPLATE template0 ENCODING ''UTF8'' '
    'LOCALE_PROVIDER builtin BUILTIN_LOCALE ''C.UTF-8'' LOCALE ''C'''
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'auditportal')
\gexec
ALTER DATABASE auditportal OWNER TO auditportal_owner;
