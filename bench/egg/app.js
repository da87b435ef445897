'use strict';

module.exports = class {
  constructor(app) {
    this.app = app;
  }

  async serverDidReady() {
    // What yolk.testing.Server waits for.
    console.log(`Serving on http://127.0.0.1:${process.env.PORT}`);
  }
};
