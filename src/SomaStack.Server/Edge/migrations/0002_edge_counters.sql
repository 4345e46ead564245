-- Sliding windows that replicas share when there is no Redis: two neighbouring windows a key. place numbers the newer one since 1970.
CREATE TABLE edge_counters (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    place BIGINT NOT NULL,
    previous BIGINT NOT NULL,
    counted BIGINT NOT NULL,
    PRIMARY KEY (tenant, name)
);
