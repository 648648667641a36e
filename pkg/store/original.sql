CREATE DATABASE kube;
CREATE TABLE kube.images (
  id     BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  path   VARCHAR(1024) NOT NULL,
  person INT,
  status INT
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TRIGGER kube.images_into_lineup BEFORE INSERT ON kube.images FOR EACH ROW
  INSERT INTO lineup.images (path, queued_at, created_at, updated_at)
  VALUES (NEW.path, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))
  ON DUPLICATE KEY UPDATE path = VALUES(path);
CREATE TRIGGER kube.images_id_of_lineup BEFORE INSERT ON kube.images FOR EACH ROW FOLLOWS images_into_lineup
  SET NEW.id = (SELECT id FROM lineup.images WHERE path = NEW.path);
