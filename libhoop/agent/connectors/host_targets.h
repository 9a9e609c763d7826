// The two shapes in which a host program serves: by events, or a command on a socket of its own. (A byte stream on a
// socket is what the tcp connector makes of a dialled one.) Used by the host connector.
#pragma once

#include <memory>

#include "agent/connectors/connector.h"
#include "agent/connectors/host_channel.h"
#include "hoop/host_service.h"
#include "net/byte_stream.h"

namespace hoop {

std::unique_ptr<Target> MakeHostEventTarget(const ConnectorSeat& seat, std::shared_ptr<HostChannel> channel,
                                            std::unique_ptr<HostStreamEvents> events, Line& line, Target::Ended ended);

std::unique_ptr<Target> MakeHostSocketCommand(const ConnectorSeat& seat, std::shared_ptr<HostChannel> channel,
                                              std::unique_ptr<ByteStream> socket, Line& line, Target::Ended ended);

}  // namespace hoop
