-- What SCIM knows about a principal beyond Identity's own row; granted lists the capabilities that groups gave.
CREATE TABLE scim_users (
    tenant TEXT NOT NULL,
    principal TEXT NOT NULL,
    user_name TEXT NOT NULL,
    external_id TEXT,
    profile TEXT NOT NULL,
    granted TEXT NOT NULL,
    deleted BOOLEAN NOT NULL,
    PRIMARY KEY (tenant, principal)
);
CREATE UNIQUE INDEX scim_users_by_name ON scim_users (tenant, user_name);
CREATE TABLE scim_groups (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    display_name TEXT NOT NULL,
    external_id TEXT,
    capabilities TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX scim_groups_by_name ON scim_groups (tenant, display_name);
CREATE TABLE scim_members (
    tenant TEXT NOT NULL,
    group_id TEXT NOT NULL,
    principal TEXT NOT NULL,
    PRIMARY KEY (tenant, group_id, principal)
);
CREATE INDEX scim_members_by_principal ON scim_members (tenant, principal);
