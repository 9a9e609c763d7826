// The families of routes, one file each. Called once by Api, which outlives the functions that they add.
#pragma once

#include "rest/api.h"
#include "rest/route_table.h"

namespace hoop::rest {

void AddServerRoutes(RouteTable& routes, const ApiParts& parts);  // healthz, publicserverinfo, serverinfo, userinfo
void AddLoginRoutes(RouteTable& routes, const ApiParts& parts);   // localauth, passwords
void AddUserRoutes(RouteTable& routes, const ApiParts& parts);    // users, groups
void AddServiceAccountRoutes(RouteTable& routes, const ApiParts& parts);
void AddApiKeyRoutes(RouteTable& routes, const ApiParts& parts);
void AddAgentRoutes(RouteTable& routes, const ApiParts& parts);         // and what embedded agents ask
void AddOrganizationRoutes(RouteTable& routes, const ApiParts& parts);  // the organization's key
void AddConnectionRoutes(RouteTable& routes, const ApiParts& parts);
void AddResourceRoutes(RouteTable& routes, const ApiParts& parts);
void AddSessionRoutes(RouteTable& routes, const ApiParts& parts);  // list, get, kill
void AddExecRoutes(RouteTable& routes, const ApiParts& parts);     // one-off commands
void AddProxyManagerRoutes(RouteTable& routes, const ApiParts& parts);
void AddRecordRoutes(RouteTable& routes, const ApiParts& parts);  // record, statements, audit key
void AddAdminActionRoutes(RouteTable& routes, const ApiParts& parts);
void AddPluginRoutes(RouteTable& routes, const ApiParts& parts);
void AddMetricsRoutes(RouteTable& routes, const ApiParts& parts, const RequestCounts& counts);  // metrics, readiness

}  // namespace hoop::rest
