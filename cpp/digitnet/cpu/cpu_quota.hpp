#pragma once

namespace digitnet::cpu {

// Processors this process may use: the smaller of its affinity mask and its cgroup's CPU quota
// (rounded up), at least 1.
int available_processors();

}  // namespace digitnet::cpu
