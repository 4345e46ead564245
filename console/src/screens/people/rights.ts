/** Every capability that a role or the asking person holds: the server publishes no list of its own. */
export const knownCapabilities = (roles: readonly { capabilities: readonly string[] }[], own: readonly string[]) => [...new Set([...own, ...roles.flatMap((role) => role.capabilities)])].sort();

/** What comes of roles and extras together. */
export const effective = (roles: readonly { name: string; capabilities: readonly string[] }[], chosen: readonly string[], extra: readonly string[]) =>
  [...new Set([...extra, ...roles.filter((role) => chosen.includes(role.name)).flatMap((role) => role.capabilities)])].sort();

/** What somebody may not hand on, since he does not hold it. */
export const beyond = (capabilities: readonly string[], own: readonly string[]) => capabilities.filter((one) => !own.includes(one));
