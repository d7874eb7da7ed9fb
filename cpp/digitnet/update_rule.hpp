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

// Step t = 1, 2, ... of Adam (Kingma and Ba 2015, the form before their section 2.1) with the decay
// apart from the gradient (Loshchilov and Hutter 2019), as Keras 3:
//   w <- w - w weight_decay learning_rate
//   m <- m + (g - m) (1 - beta_1)
//   v <- v + (g^2 - v) (1 - beta_2)
//   w <- w - m alpha / (sqrt(v) + epsilon)
//        with alpha = learning_rate sqrt(1 - beta_2^t) / (1 - beta_1^t)
struct Adam {
  float learning_rate = 0.001F;
  double beta_1 = 0.9, beta_2 = 0.999;  // in float, 1 - beta_2 would be off in the fifth digit
  float epsilon = 1e-7F;
  float weight_decay = 0;
};

// The numbers of one such step.
struct AdamStep {
  float decay;           // weight_decay learning_rate
  float gain_1, gain_2;  // 1 - beta_1, 1 - beta_2
  float alpha, epsilon;
};

// What a gradient becomes: clip(scale (g + l2 w), -limit, limit). NaN stays NaN.
struct Clip {
  float l2, scale, limit;
};

}  // namespace digitnet
