CREATE TABLE roles (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    capabilities TEXT NOT NULL,
    version BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, name)
);
-- Which published roles the principals' capabilities were last computed with; one row, tenant '*'.
CREATE TABLE role_catalogs (
    tenant TEXT NOT NULL PRIMARY KEY,
    digest TEXT NOT NULL
);
