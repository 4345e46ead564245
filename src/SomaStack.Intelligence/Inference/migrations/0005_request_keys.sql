-- The API key that a request came with: its limits bind the request's calls too, whenever they are made.
ALTER TABLE inference_requests ADD COLUMN api_key TEXT;
