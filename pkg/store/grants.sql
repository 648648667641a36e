GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, REFERENCES ON lineup.* TO migrate;

GRANT SELECT, INSERT, UPDATE ON lineup.images TO receive;
GRANT SELECT, INSERT, UPDATE ON lineup.folders TO receive;
GRANT SELECT, INSERT, UPDATE ON lineup.folder_images TO receive;
GRANT SELECT ON lineup.faces TO receive;
GRANT SELECT, INSERT, UPDATE ON lineup.person TO receive;
GRANT SELECT, INSERT, UPDATE ON lineup.person_images TO receive;
GRANT SELECT ON lineup.goose_db_version TO receive;

GRANT SELECT, UPDATE ON lineup.images TO process;
GRANT SELECT, INSERT, DELETE ON lineup.faces TO process;
GRANT SELECT ON lineup.person TO process;
GRANT SELECT ON lineup.person_images TO process;
GRANT SELECT ON lineup.goose_db_version TO process;

GRANT SELECT ON lineup.images TO view;
GRANT SELECT ON lineup.folders TO view;
GRANT SELECT ON lineup.folder_images TO view;
GRANT SELECT ON lineup.faces TO view;
GRANT SELECT ON lineup.person TO view;
GRANT SELECT ON lineup.person_images TO view;
GRANT SELECT ON lineup.goose_db_version TO view;
