#pragma once

namespace digitnet {

// One step of stochastic gradient descent on a parameter w with gradient g and velocity v, as Keras
// 3:
//   w <- w - w weight_decay learning_rate
//   momentum == 0:   w <- w - learning_rate g
//   otherwise:       v <- momentum v - learning_rate g
//                    w <- w + v                               (plain)
//                    w <- w + momentum v - learning_rate g    (Nesterov)
struct Sgd {
  float learning_rate = 0.01F;
  float momentum = 0;
  bool nesterov = false;
  float weight_decay = 0;

  bool has_velocity() const { return momentum != 0; }
};

}  // namespace digitnet
