package proxy

import (
	"fmt"
	"net"
	"net/http"
	"time"
)

// CheckHealth asks the server that runs with this configuration whether it is ready: for health
// checks where there is no shell.
func CheckHealth(config *Config) error {
	if config.Admin == "" {
		return fmt.Errorf("there is no admin address to ask (--admin)")
	}
	host, port, err := net.SplitHostPort(config.Admin)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	client := http.Client{Timeout: 5 * time.Second}
	resp, err := client.Get("http://" + net.JoinHostPort(host, port) + "/readyz")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", resp.Status)
	}
	return nil
}
